import { all, type Theme } from "./case.ts";

const floods = all({ ends: ["limit cpu", "limit memory"], line: ["cpu", "memory"] }, [
  ["floods the console with short lines", `for (;;) console.log("x");`],
  ["floods the console with long lines", `const t = "x".repeat(100_000); for (;;) console.log(t);`],
  ["floods both streams", `for (;;) { console.log("x"); console.error("x"); }`],
  [
    "floods the console with large objects",
    `const o = Array.from({ length: 200 }, (_, i) => ({ i })); for (;;) console.log(o);`,
  ],
  [
    "floods the console with tables",
    `const o = Array.from({ length: 50 }, (_, i) => ({ i })); for (;;) console.table?.(o);`,
  ],
  ["floods the console after awaits", `for (;;) { await null; console.log("x"); }`],
  ["floods the console in finally", `try { for (;;) console.log("x"); } finally { for (;;) console.log("y"); }`],
]);

const never = all({ ends: "threw", line: "error", code: "script_failed", says: "nothing can settle any more" }, [
  ["awaits a promise that never settles", `await new Promise(() => {});`],
  ["awaits a thenable that never settles", `await { then() {} };`],
  ["awaits itself", `let p; p = (async () => { await null; await p; })(); await p;`],
  ["awaits a race of nothing", `await Promise.race([]);`],
  [
    "awaits an async iterator that never gives",
    `for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) });`,
  ],
  [
    "awaits a lock of its own",
    `let open; const lock = new Promise((ok) => { open = ok; }); open = undefined; await lock;`,
  ],
]);

const wild = all({ ends: "threw", line: "error", code: "script_failed" }, [
  ["throws null", `throw null;`],
  ["throws undefined", `throw undefined;`],
  ["throws a symbol", `throw Symbol("x");`],
  ["throws a function", `throw () => {};`],
  ["throws a revoked proxy", `const r = Proxy.revocable({}, {}); r.revoke(); throw r.proxy;`],
  [
    "throws a proxy whose every trap throws",
    `const w = new Proxy(function () {}, new Proxy({}, { get() { throw 1; } })); throw w;`,
  ],
  [
    "throws an error with hostile getters",
    `const e = new Error("x"); for (const k of ["name", "message", "stack", "code", "cause", "hint", "details"]) Object.defineProperty(e, k, { get() { throw e; } }); throw e;`,
  ],
  ["throws an error of 10 MB", `throw new Error("x".repeat(1e6));`],
  [
    "throws an error of details nested deeply",
    `let details = []; for (let i = 0; i < 5_000; i++) details = [details]; throw Object.assign(new Error("x"), { details });`,
  ],
  ["throws an error that is its own cause", `const e = new Error("x"); e.cause = e; throw e;`],
  [
    "throws an error with a forged code",
    `throw Object.assign(new Error("x"), { code: "__proto__", name: "constructor", entry: { id: -1 } });`,
  ],
  [
    "throws an error with a forged stack",
    `throw Object.assign(new Error("x"), { stack: "Error: x\\n    at host (a.ts:1:1)" });`,
  ],
  ["throws an error with NUL and escapes", `throw new Error("\\0\\x1b[2J\\ud800");`],
  ["throws an AggregateError of itself", `const e = new AggregateError([], "x"); e.errors.push(e); throw e;`],
  ["throws in a static block", `class A { static { throw new Error("x"); } }`],
]);

const unheard: Theme["cases"] = [
  {
    name: "leaves a rejection unheard",
    script: `Promise.reject(new Error("x"));`,
    ends: "threw",
    line: "error",
    lineSays: false,
  },
  {
    name: "leaves a thousand rejections unheard",
    script: `for (let i = 0; i < 1_000; i++) Promise.reject(i);`,
    ends: "threw",
    line: "error",
  },
  {
    name: "throws in a timer",
    script: `setTimeout(() => { throw new Error("x"); }, 1); await new Promise((ok) => setTimeout(ok, 20));`,
    ends: "threw",
    line: "value",
  },
  {
    name: "throws in a microtask",
    script: `queueMicrotask(() => { throw new Error("x"); }); await null; await null;`,
    ends: "threw",
    line: "value",
  },
  {
    name: "throws in an executor after it resolved",
    script: `await new Promise((ok) => { ok(1); throw new Error("x"); }); console.log("alive");`,
    ends: "completed",
    line: "value",
    says: "alive",
  },
  {
    name: "settles a promise 200,000 times",
    script: `await new Promise((ok, no) => { for (let i = 0; i < 1e5; i++) { ok(i); no(i); } }); console.log("alive");`,
    ends: "completed",
    line: "value",
    says: "alive",
  },
  { name: "has no syntax", script: `for (;;`, ends: "invalid", line: "unfinished" },
  { name: "has an unknown escape", script: `"\\u{110000}"`, ends: "invalid", line: "error" },
];

/** Interrupted when it has printed "ready"; what a turn prints goes out when it ends, hence the timer. */
const interrupted = all({ ends: "interrupted", line: "interrupted", interrupt: true }, [
  [
    "waits for a timer of a day",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); await new Promise((ok) => setTimeout(ok, 86_400_000));`,
  ],
  [
    "keeps an interval",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); setInterval(() => {}, 10); await new Promise(() => {});`,
  ],
  ["loops after it is ready", `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); for (;;);`],
  [
    "loops and catches everything",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); for (;;) { try { for (;;); } catch {} finally { for (let i = 0; i < 1e9; i++); } }`,
  ],
  [
    "loops in finally after an interrupt",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); try { await new Promise((ok) => setTimeout(ok, 1e6)); } finally { for (;;); }`,
  ],
  [
    "awaits in finally after an interrupt",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); try { await new Promise((ok) => setTimeout(ok, 1e6)); } finally { for (;;) await null; }`,
  ],
  [
    "waits again whenever it is interrupted",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); for (;;) { try { await new Promise((ok) => setTimeout(ok, 1e6)); } catch {} }`,
  ],
  [
    "sets new timers whenever it is interrupted",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); const f = () => { setTimeout(f, 1); for (let i = 0; i < 1e5; i++); }; f(); await new Promise(() => {});`,
  ],
  [
    "is in native code",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); new Array(2 ** 32 - 1).indexOf(1);`,
  ],
  [
    "backtracks",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); /^(a+)+$/.test("a".repeat(60) + "b");`,
  ],
  [
    "loops over microtasks",
    `console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); const f = () => { queueMicrotask(f); }; f(); await new Promise(() => {});`,
  ],
  [
    "submits in a loop after an interrupt",
    `import { resource } from "wilco"; console.log("ready"); await new Promise((ok) => setTimeout(ok, 1)); try { await new Promise((ok) => setTimeout(ok, 1e6)); } finally { for (;;) { try { await resource("web-1").restart(); } catch {} } }`,
  ],
]);

export const floodsAndThrows: Theme = {
  title: "floods, wild errors and what never settles",
  cases: [...floods, ...never, ...wild, ...unheard],
};
export const afterInterrupts: Theme = { title: "interrupts", cases: interrupted };
