import { all, type Theme } from "./case.ts";

const API = `import { resource, resources, history, sleep } from "wilco"; `;
const withApi = (common: Parameters<typeof all>[0], lines: Parameters<typeof all>[1]) =>
  all(
    common,
    lines.map(([name, script]) => [name, API + script]),
  );

/** Refused with a code, and the script goes on. */
const refused = withApi({ ends: "completed", line: "value", cpu: 10_000, memory: 64 * 1024 * 1024 }, [
  [
    "passes 3 MB of parameters",
    `await resource("web-1").restart({ t: "x".repeat(3_000_000) }).catch((e) => console.log("refused", e.code));`,
  ],
  [
    "passes what holds itself",
    `const c = {}; c.c = c; try { await resource("web-1").restart(c); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "passes a BigInt",
    `try { await resource("web-1").restart({ b: 1n }); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "passes a function",
    `try { await resource("web-1").restart({ f() {} }); } catch (e) { console.log("refused", e.code); }`,
  ],
  ["passes a symbol as a name", `try { resource(Symbol("x")); } catch (e) { console.log("refused", e.message); }`],
  [
    "passes an object as a name",
    `try { resource({ toString: () => "web-1" }); } catch (e) { console.log("refused", e.code); }`,
  ],
  ["passes a list as a name", `try { resource(["web-1"]); } catch (e) { console.log("refused", e.code); }`],
  ["passes a name of 3 MB", `try { resource("x".repeat(3_000_000)); } catch (e) { console.log("refused", e.code); }`],
  ["passes a name with NUL", `try { resource("web-1\\0"); } catch (e) { console.log("refused", e.code); }`],
  ["passes a name with lone surrogates", `try { resource("\\ud800"); } catch (e) { console.log("refused", e.code); }`],
  ["names a resource __proto__", `try { resource("__proto__"); } catch (e) { console.log("refused", e.code); }`],
  ["names a resource constructor", `try { resource("constructor"); } catch (e) { console.log("refused", e.code); }`],
  [
    "calls an operation __proto__",
    `try { resource("web-1").operations["__proto__"](); } catch (e) { console.log("refused", e.message); }`,
  ],
  [
    "calls an operation hasOwnProperty of its operations",
    `try { resource("web-1").operations.constructor(); console.log("refused: an object"); } catch (e) { console.log("refused", e.message); }`,
  ],
  ["waits for entry -1", `try { await history.wait(-1); } catch (e) { console.log("refused", e.code); }`],
  ["waits for entry NaN", `try { await history.wait(NaN); } catch (e) { console.log("refused", e.code); }`],
  ["waits for entry 2^53", `try { await history.wait(2 ** 53); } catch (e) { console.log("refused", e.code); }`],
  [
    "waits for an entry that is a text",
    `try { await history.wait("1; drop table entries"); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "looks for entries by an unknown key",
    `try { await history.find(JSON.parse('{"__proto__": {"x": 1}, "wrong": 1}')); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "gives a negative timeout",
    `try { await resource("web-1").restart({}, { timeout: -1 }); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "gives options that it does not have",
    `try { await resource("web-1").restart({}, { shell: "sh" }); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "gives a note of 1 MB",
    `try { await resource("web-1").restart({}, { note: "x".repeat(1e6) }); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "gives a poll policy of nonsense",
    `try { await resource("web-1").restart({}, { poll: { delay: -1, limit: 0, x: 1 } }); } catch (e) { console.log("refused", e.code); }`,
  ],
  ["sleeps for a negative time", `try { await sleep(-5); } catch (e) { console.log("refused", e.code ?? e.message); }`],
  [
    "fetches without permission",
    `try { await fetch("http://127.0.0.1:1/"); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "asks for a thousand batches of nothing",
    `try { resources().batches(0); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "selects by a text of brackets",
    `try { resources("(".repeat(100_000)); console.log("refused: as no selector"); } catch (e) { console.log("refused", e.code); }`,
  ],
]).map((one) => ({ ...one, says: "refused" }));

const survived = withApi({ ends: "completed", line: "value", says: "alive", cpu: 10_000, memory: 64 * 1024 * 1024 }, [
  [
    "passes prototype keys",
    `await resource("web-1").restart(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}')); console.log({}.polluted ?? "alive");`,
  ],
  [
    "passes NUL and lone surrogates",
    `await resource("web-1").restart({ "\\0": "\\0\\ud800\\udfff\\u2028" }); console.log("alive");`,
  ],
  [
    "prints NUL, lone surrogates and escapes",
    `console.log("\\0\\ud800 alive"); console.error("\\x1b]0;title\\x07\\x9b31m");`,
  ],
  ["passes an object of a proxy", `await resource("web-1").restart(new Proxy({ a: 1 }, {})); console.log("alive");`],
  ["looks up a thousand times", `for (let i = 0; i < 1_000; i++) resource("web-1"); console.log("alive");`],
  [
    "settles nothing by a hand-made then",
    `await resource("web-1").restart().then.call({ id: 1 }, () => {}).catch?.(() => {}); console.log("alive");`
      .replace("await ", "try { ")
      .replace(" console", " } catch {} console"),
  ],
  [
    "changes what it was given",
    `const web = resource("web-1"); try { web.id = 99; Object.defineProperty(web, "id", { value: 99 }); } catch {} await web.restart(); console.log("alive");`,
  ],
  [
    "cancels what is done, many times",
    `const e = resource("web-1").restart(); await e; await Promise.allSettled(Array.from({ length: 100 }, () => e.cancel())); console.log("alive");`,
  ],
  [
    "clears timers that are not its own",
    `for (let i = -5; i < 1_000; i++) clearTimeout(i); clearTimeout({}); clearTimeout("1"); clearInterval(NaN); await new Promise((ok) => setTimeout(ok, 1)); console.log("alive");`,
  ],
  [
    "sets timers of strange delays",
    `for (const ms of [-1, NaN, Infinity, "5", {}, 1e308]) clearTimeout(setTimeout(() => {}, ms)); console.log("alive");`,
  ],
  [
    "takes thousands of timers",
    `const t = []; try { for (let i = 0; i < 5_000; i++) t.push(setTimeout(() => {}, 1e6)); } catch (e) { console.log(e.code, "alive"); } t.forEach(clearTimeout); console.log("alive");`,
  ],
]);

/** Replaces what wilco's own part of the VM might stand on. */
const poison = withApi(
  { ends: ["completed", "threw", "limit cpu"], line: ["value", "error", "cpu", "lost"], spoils: true },
  [
    [
      "replaces JSON",
      `JSON.stringify = () => '[{"resource":-1}]'; JSON.parse = () => { throw 1; }; await resource("web-1").restart();`,
    ],
    ["deletes JSON", `delete globalThis.JSON; await resource("web-1").restart();`],
    ["replaces Promise", `globalThis.Promise = function () { throw 1; }; await resource("web-1").restart();`],
    [
      "replaces Promise.prototype.then",
      `Promise.prototype.then = function () { return this; }; await resource("web-1").restart();`,
    ],
    [
      "resolves promises to something else",
      `Promise.resolve = () => ({ then(ok) { ok("mine"); } }); Promise.reject = Promise.resolve; await resource("web-1").restart();`,
    ],
    [
      "makes promises of its own class",
      `Object.defineProperty(Promise, Symbol.species, { get() { return function (f) { f(() => {}, () => {}); }; } }); await resource("web-1").restart();`,
    ],
    [
      "replaces Array.prototype.push",
      `Array.prototype.push = function () { throw 1; }; await resource("web-1").restart();`,
    ],
    ["replaces Array.prototype.map", `Array.prototype.map = function () { throw 1; }; console.log(resources());`],
    [
      "replaces the iterator of arrays",
      `Array.prototype[Symbol.iterator] = function* () { yield* Object.values({ a: [99, 1, "mine"] }); }; await resource("web-1").restart();`,
    ],
    [
      "makes every array's iterator endless",
      `Array.prototype[Symbol.iterator] = function* () { for (;;) yield [1, 1, 1]; }; await resource("web-1").restart();`,
    ],
    [
      "replaces Map.prototype",
      `Map.prototype.get = () => ({ resolve() {}, reject() {} }); Map.prototype.set = Map.prototype.delete = () => false; await resource("web-1").restart();`,
    ],
    [
      "replaces String.prototype",
      `for (const k of Object.getOwnPropertyNames(String.prototype)) if (k !== "length") String.prototype[k] = () => { throw 1; }; console.log("x"); await resource("web-1").restart();`,
    ],
    [
      "replaces Object.keys and entries",
      `Object.keys = Object.entries = () => [["__proto__", 1]]; Object.fromEntries = () => 5; await resource("web-1").restart();`,
    ],
    [
      "replaces Object.defineProperty",
      `Object.defineProperty = Reflect.defineProperty = () => { throw 1; }; Object.hasOwn = () => true; await resource("web-1").restart();`,
    ],
    [
      "puts toJSON on every object",
      `Object.prototype.toJSON = () => ({ kind: "threw", error: null, started: true }); await resource("web-1").restart();`,
    ],
    [
      "puts toJSON that gives numbers on every object",
      `Object.prototype.toJSON = () => 5; console.log("x"); await resource("web-1").restart();`,
    ],
    [
      "puts toJSON that gives nothing on every object",
      `Object.prototype.toJSON = () => undefined; console.log("x"); await resource("web-1").restart();`,
    ],
    [
      "puts toJSON that gives a list on every object",
      `Object.prototype.toJSON = () => [1]; console.log("x"); throw new Error("x");`,
    ],
    [
      "puts toJSON that throws on every object",
      `Object.prototype.toJSON = () => { throw 1; }; console.log("x"); await resource("web-1").restart();`,
    ],
    [
      "puts toJSON of a printed stream on every object",
      `Object.prototype.toJSON = () => ({ stream: "__proto__", text: { length: -1e9 } }); console.log("x");`,
    ],
    [
      "puts toJSON of a variable on every object",
      `Object.prototype.toJSON = () => ({ number: 1, kind: "value", value: { kind: "card", __proto__: 1 }, variables: 5, error: 5 }); console.log("x");`,
    ],
    [
      "puts toJSON on every text and number",
      `String.prototype.toJSON = () => ({ x: 1 }); Number.prototype.toJSON = () => "x"; Array.prototype.toJSON = () => "[]"; console.log("x"); await resource("web-1").restart();`,
    ],
    [
      "puts then on every object",
      `Object.prototype.then = function (ok) { ok("polluted"); }; await resource("web-1").restart();`,
    ],
    [
      "puts a then that never settles on every object",
      `Object.prototype.then = () => {}; await resource("web-1").restart();`,
    ],
    [
      "puts a then that loops on every object",
      `Object.prototype.then = () => { for (;;); }; await resource("web-1").restart();`,
    ],
    [
      "puts error and value on every object",
      `Object.prototype.error = { code: "x", message: "mine" }; Object.prototype.value = 1; resource("web-1");`,
    ],
    [
      "puts setters on every object",
      `for (const k of ["id", "kind", "error", "value", "number", "stream"]) Object.defineProperty(Object.prototype, k, { set() { throw 1; }, configurable: true }); await resource("web-1").restart();`,
    ],
    [
      "puts get and set on every descriptor",
      `Object.prototype.get = () => { throw 1; }; await resource("web-1").restart(); console.log("x");`,
    ],
    [
      "puts writable on every descriptor",
      `Object.prototype.value = 1; Object.prototype.writable = false; Object.prototype.enumerable = true; console.log("x");`,
    ],
    [
      "freezes every prototype",
      `for (const c of [Object, Array, Map, Promise, String, Error, Function]) Object.freeze(c.prototype); Object.freeze(globalThis); await resource("web-1").restart();`,
    ],
    [
      "replaces Error",
      `globalThis.Error = function () { return 5; }; TypeError = Error; await resource("none").restart();`,
    ],
    [
      "replaces Error.prepareStackTrace",
      `Error.prepareStackTrace = () => { for (;;); }; Error.captureStackTrace = () => { throw 1; }; throw new Error("x");`,
    ],
    [
      "makes stacks of numbers",
      `Error.stackTraceLimit = -1; Object.defineProperty(Error.prototype, "stack", { get() { return { split: 5 }; } }); throw new Error("x");`,
    ],
    [
      "replaces the regular expressions' exec",
      `RegExp.prototype.exec = () => { throw 1; }; RegExp.prototype[Symbol.replace] = RegExp.prototype[Symbol.split] = () => { throw 1; }; throw new Error("x");`,
    ],
    [
      "replaces Function.prototype.call",
      `Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw 1; }; await resource("web-1").restart();`,
    ],
    [
      "replaces Date.now and Math",
      `Date.now = () => { throw 1; }; Math.max = Math.min = () => NaN; performance.now; await sleep("1ms");`,
    ],
    [
      "replaces the console by itself",
      `globalThis.console = new Proxy(console, { get() { throw 1; } }); await resource("web-1").restart();`,
    ],
    [
      "deletes every global",
      `for (const k of Reflect.ownKeys(globalThis)) { try { delete globalThis[k]; } catch {} } await null;`,
    ],
    [
      "replaces every global by a proxy that loops",
      `for (const k of Reflect.ownKeys(globalThis)) { if (k !== "globalThis") try { globalThis[k] = new Proxy(function () {}, { get() { throw 1; }, apply() { throw 1; }, construct() { throw 1; } }); } catch {} }`,
    ],
    [
      "changes the prototype of the global object",
      `Object.setPrototypeOf(globalThis, new Proxy({}, { get() { throw 1; }, has() { return true; } })); await null;`,
    ],
    [
      "makes every array a setter's victim",
      `Object.defineProperty(Array.prototype, "0", { set() { throw 1; }, get() { return "mine"; }, configurable: true }); await resource("web-1").restart();`,
    ],
  ],
);

const many: Theme["cases"] = [
  ...withApi({ ends: ["limit memory", "limit cpu"], line: ["memory", "cpu"], cpu: 8_000, within: 25_000 }, [
    [
      "makes 10^6 calls at once",
      `const web = resource("web-1"); const a = []; for (let i = 0; i < 1e6; i++) a.push(web.restart()); await Promise.allSettled(a);`,
    ],
    [
      "asks for 10^6 entries at once",
      `const a = []; for (let i = 0; i < 1e6; i++) a.push(history.get(1)); await Promise.allSettled(a);`,
    ],
  ]),
  ...withApi({ ends: "limit cpu", line: "cpu" }, [
    ["makes one call after the other for ever", `for (;;) { try { await history.get(1); } catch {} }`],
    ["looks up for ever", `for (;;) resource("web-1");`],
    ["looks up what is not there for ever", `for (;;) { try { resource("none"); } catch {} }`],
    ["sets and clears timers for ever", `for (;;) clearTimeout(setTimeout(() => {}, 1));`],
    [
      "passes large parameters for ever",
      `const t = "x".repeat(2_100_000); for (;;) { try { await resource("web-1").restart({ t }); } catch {} }`,
    ],
  ]),
];

export const bridgeAbuse: Theme = { title: "abuse of the bridge", cases: [...refused, ...survived, ...many] };
export const poisoned: Theme = { title: "replaced built-ins", cases: poison };
