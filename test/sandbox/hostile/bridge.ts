import { LONG, withApi, type Theme } from "./case.ts";

/** Refused with a code, and the script goes on. */
const refused = withApi({ ends: "completed", line: "value" }, [
  [
    "passes 3 MB of parameters",
    `await resource("web-1").restart({ t: "x".repeat(3_000_000) }).catch((e) => console.log("refused", e.code));`,
  ],
  [
    "passes what holds itself",
    `const c = {}; c.c = c; try { await resource("web-1").restart(c); } catch (e) { console.log("refused", e.code); }`,
  ],
  [
    "passes what is nested 5,000 times",
    `let a = []; for (let i = 0; i < 5_000; i++) a = [a]; try { await resource("web-1").restart({ a }); } catch (e) { console.log("refused", e.code); }`,
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

const survived = withApi({ ends: "completed", line: "value", says: "alive" }, [
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

/** Tries to speak to the host with its own words, or to settle what the host has to settle. */
const forged = withApi({ ends: "completed", line: "value", says: "alive" }, [
  [
    "looks for the host's functions",
    `for (const k of ["__host", "host", "post", "lookup", "register"]) if (k in globalThis) console.log("GOT OUT", k); console.log("alive");`,
  ],
  [
    "posts by a function that it made up",
    `try { __host.post("1 submit []"); console.log("GOT OUT"); } catch (e) { console.log("alive", e.name); }`,
  ],
  [
    "catches the host's functions as they are called",
    `const caught = [], was = {}; for (const k of ["call", "apply", "bind"]) { was[k] = Function.prototype[k]; Function.prototype[k] = function (...args) { caught.push(this); return Reflect.apply(was[k], this, args); }; } await resource("web-1").restart(); Object.assign(Function.prototype, was); for (const f of caught) { let r; try { r = f("1 nothing []"); } catch {} if (typeof r === "string" && r.includes("code")) console.log("GOT OUT"); } console.log("alive");`,
  ],
  [
    "takes the host's functions from a stack",
    `const seen = []; Error.prepareStackTrace = (e, frames) => { try { for (const f of frames) seen.push(f.getFunction?.(), f.getThis?.()); } catch {} return ""; }; try { resource("none"); } catch {} delete Error.prepareStackTrace; if (seen.some((x) => x?.post || x?.lookup)) console.log("GOT OUT"); console.log("alive");`,
  ],
  [
    "reads the host's functions through prototypes",
    `const seen = [], names = ["post", "lookup", "register"]; for (const k of names) Object.defineProperty(Object.prototype, k, { configurable: true, get() { seen.push(this); return undefined; } }); await resource("web-1").restart(); for (const k of names) delete Object.prototype[k]; if (seen.some((x) => Object.hasOwn(x, "post"))) console.log("GOT OUT"); console.log("alive");`,
  ],
  [
    "settles its own calls by hand",
    `const set = Map.prototype.set; let table; Map.prototype.set = function (k, v) { if (v?.reject) table = this; return set.call(this, k, v); }; const e = resource("web-1").restart(); await null; Map.prototype.set = set; for (const caller of [...(table?.values() ?? [])]) for (const by of [{ id: 999, status: "succeeded" }, [0, 999, "succeeded", 1, "{}", null]]) try { caller.resolve(by); } catch {} await e.then(() => {}, () => {}); console.log("alive");`,
  ],
  [
    "rejects its own calls by hand",
    `const set = Map.prototype.set; let table; Map.prototype.set = function (k, v) { if (v?.reject) table = this; return set.call(this, k, v); }; const e = resource("web-1").restart(); await null; Map.prototype.set = set; for (const caller of [...(table?.values() ?? [])]) caller.reject(new Error("by hand")); await e.then(() => {}, () => {}); console.log("alive");`,
  ],
  [
    "answers its look-ups itself",
    `const parse = JSON.parse; JSON.parse = () => ({ value: { id: 999, name: "mine", type: "process", operations: {} } }); const { name } = resource("web-1"); JSON.parse = parse; console.log(name === "web-1" ? "alive" : "GOT OUT");`,
  ],
  [
    "forges an entry to wait for",
    `try { await history.wait({ id: 1e15, kind: "operation", status: "running", lastEvent: 1 }); } catch (e) { console.log("alive", e.code); }`,
  ],
  [
    "claims another resource in its parameters",
    `await resource("web-1").restart({ resource: 2, operation: "stop", idempotencyKey: "x", __proto__: { resource: 2 } }); console.log("alive");`,
  ],
]);

const many: Theme["cases"] = [
  ...withApi({ ends: ["limit memory", "limit cpu"], line: ["memory", "cpu"], cpu: LONG }, [
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

export const forgeries: Theme = { title: "forgeries", cases: forged };
