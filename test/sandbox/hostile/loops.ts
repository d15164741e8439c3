import { all, type Theme } from "./case.ts";

const code = all({ ends: "limit cpu" }, [
  ["loops", `for (;;);`],
  ["loops with labels", `a: for (;;) { for (;;) continue a; }`],
  ["loops in try and finally", `try { for (;;); } finally { for (;;); }`],
  ["loops in finally after it was ended", `for (;;) { try { for (;;); } catch { continue; } finally { continue; } }`],
  [
    "loops in catch after an await",
    `const f = async () => { await null; try { for (;;); } catch { for (;;); } }; for (;;) await f().catch(() => {});`,
  ],
  ["loops in an async finally", `try { await null; for (;;); } finally { for (;;) await null; }`],
  [
    "loops in a generator's return",
    `const g = (function* () { try { yield 1; } finally { for (;;); } })(); g.next(); g.return();`,
  ],
  ["loops in a class field", `class A { x = (() => { for (;;); })(); } new A();`],
  ["loops in a default parameter", `const f = (x = (() => { for (;;); })()) => x; f();`],
  ["loops in eval", `(0, eval)("for (;;);");`],
  ["loops in a compiled function", `new Function("for (;;);")();`],
  [
    "loops over an async iterator without end",
    `for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false }) }) });`,
  ],
  ["destructures an iterator without end", `for (;;) { const [a, b] = { *[Symbol.iterator]() { for (;;) yield; } }; }`],
  ["delegates to a generator without end", `function* g() { for (;;) yield* [1, 2]; } for (const x of g());`],
]);

const hooks = all({ ends: "limit cpu" }, [
  ["loops in a getter", `({ get x() { for (;;); } }).x;`],
  ["loops in a setter", `({ set x(v) { for (;;); } }).x = 1;`],
  ["loops in toString", `"" + { toString() { for (;;); } };`],
  ["loops in valueOf", `1 + { valueOf() { for (;;); } };`],
  ["loops in Symbol.toPrimitive", `Number({ [Symbol.toPrimitive]() { for (;;); } });`],
  ["loops in toJSON", `JSON.stringify({ toJSON() { for (;;); } });`],
  ["loops in a replacer", `JSON.stringify({ a: 1 }, () => { for (;;); });`],
  ["loops in a reviver", `JSON.parse("[1]", () => { for (;;); });`],
  ["loops in then", `await { then() { for (;;); } };`],
  ["resolves thenables of thenables", `const t = { then(ok) { ok(t); } }; await t;`],
  ["loops in a proxy's get", `new Proxy({}, { get() { for (;;); } }).x;`],
  ["loops in a proxy's ownKeys", `Object.keys(new Proxy({}, { ownKeys() { for (;;); } }));`],
  [
    "loops in Symbol.species",
    `class A extends Array { static get [Symbol.species]() { for (;;); } } new A(1).map(() => 1);`,
  ],
  ["loops while it is printed", `console.log(new Proxy({}, { ownKeys() { for (;;); } }));`],
  [
    "loops while its error is described",
    `throw Object.defineProperty(new Error(), "message", { get() { for (;;); } });`,
  ],
  [
    "loops while its parameters are read",
    `import { resource } from "wilco"; resource("web-1").restart({ get x() { for (;;); } });`,
  ],
]);

const callbacks = all({ ends: "limit cpu" }, [
  ["sorts by a comparator that loops", `[3, 1, 2].sort(() => { for (;;); });`],
  ["sorts by chance without end", `for (;;) [1, 2, 3, 4, 5].sort(() => Math.random() - 0.5);`],
  ["reduces in a callback that loops", `[1, 2].reduce(() => { for (;;); });`],
  ["replaces by a function that loops", `"a".replace("a", () => { for (;;); });`],
  ["computes BigInts without end", `let n = 3n; for (;;) n = (n * n) % (2n ** 4_000n);`],
]);

/** The engine does not ask whether it should stop: the watchdog ends the thread, a second after the budget. */
const native = all({ ends: "limit cpu" }, [
  ["searches an array of 2^32", `new Array(2 ** 32 - 1).indexOf(1);`],
  [
    "looks through JSON without end",
    `const t = JSON.stringify(Array.from({ length: 5_000 }, (_, i) => ({ i }))); for (;;) JSON.parse(t);`,
  ],
]);
const moreNative = all({ ends: "limit cpu", line: "not run" }, [
  ["moves a huge length", `Array.prototype.unshift.call({ length: 2 ** 52 }, 1);`],
  ["applies a huge list", `for (;;) try { Math.max.apply(null, { length: 60_000 }); } catch {}`],
  [
    "searches a long text for a long text",
    `const t = "a".repeat(400_000); for (;;) t.indexOf("a".repeat(200_000) + "b");`,
  ],
]);

const regex = all({ ends: "limit cpu" }, [
  ["backtracks in nested quantifiers", `/^(a+)+$/.test("a".repeat(60) + "b");`],
  ["backtracks in alternatives", `/^(a|a)*$/.test("a".repeat(60) + "b");`],
  ["backtracks in back references", `/^(?:(a+)\\1?)+$/.test("a".repeat(80) + "b");`],
  ["backtracks in look-ahead", `/^(?=(a+)+$)/.test("a".repeat(60) + "b");`],
  ["backtracks over dots", `/(.*)*(.*)*(.*)*x/.test("a".repeat(60));`],
  ["replaces by a slow expression", `("a".repeat(60) + "b").replace(/(a*)*c/g, "");`],
  ["matches the empty text without end", `const r = /(?:)/g; for (;;) "a".match(r);`],
]);

const tasks = all({ ends: "limit cpu" }, [
  ["awaits for ever", `for (;;) await null;`],
  ["queues a microtask from a microtask", `const f = () => queueMicrotask(f); f(); await new Promise(() => {});`],
  [
    "queues two microtasks from each",
    `let n = 0; const f = () => { if (n++ % 2 === 0) queueMicrotask(f); queueMicrotask(f); if (n > 5) n = 1; for (let i = 0; i < 1e4; i++); }; queueMicrotask(f); await new Promise(() => {});`,
  ],
  ["awaits an async generator for ever", `async function* g() { for (;;) yield 1; } for await (const x of g());`],
  ["loops in a microtask", `queueMicrotask(() => { for (;;); }); await new Promise(() => {});`],
  ["loops in a timer", `setTimeout(() => { for (;;); }, 0); await new Promise(() => {});`],
  [
    "loops in an interval, a little each time",
    `setInterval(() => { for (let i = 0; i < 2e5; i++); }, 1); await new Promise(() => {});`,
  ],
  [
    "loops in an event's listener",
    `const t = new EventTarget(); t.addEventListener("x", () => { for (;;); }); t.dispatchEvent(new Event("x"));`,
  ],
  [
    "loops when a signal is aborted",
    `const c = new AbortController(); c.signal.addEventListener("abort", () => { for (;;); }); c.abort();`,
  ],
  ["loops after an operation", `import { resource } from "wilco"; await resource("web-1").restart(); for (;;);`],
  [
    "waits for an operation in a loop that catches all",
    `import { resource } from "wilco"; for (;;) { try { await resource("none").restart(); } catch {} }`,
  ],
  [
    "loops in finally when a timer failed",
    `try { await new Promise((_, no) => setTimeout(no, 1)); } finally { for (;;); }`,
  ],
]);

const growing = all({ ends: ["limit cpu", "limit memory"], line: ["cpu", "memory"] }, [
  ["only makes promises", `const again = () => Promise.resolve().then(again); await again();`],
]);

export const loops: Theme = { title: "loops in code and in hooks", cases: [...code, ...hooks] };
export const nativeLoops: Theme = {
  title: "loops in native code",
  cases: [...callbacks, ...native, ...moreNative, ...regex],
};
export const taskLoops: Theme = { title: "loops in tasks", cases: [...tasks, ...growing] };
