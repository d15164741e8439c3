/** Replaces what wilco's own part of the VM might stand on: the script's own loss, and nobody else's. */
import { withApi, type Theme } from "./case.ts";

const harmless = withApi({ ends: "completed", line: "value", spoils: true }, [
  [
    "replaces JSON",
    `JSON.stringify = () => '[{"resource":-1}]'; JSON.parse = () => { throw 1; }; await resource("web-1").restart();`,
  ],
  [
    "resolves promises to something else",
    `Promise.resolve = () => ({ then(ok) { ok("mine"); } }); Promise.reject = Promise.resolve; await resource("web-1").restart();`,
  ],
  [
    "replaces Array.prototype.push",
    `Array.prototype.push = function () { throw 1; }; await resource("web-1").restart();`,
  ],
  [
    "replaces Function.prototype.call",
    `Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { throw 1; }; await resource("web-1").restart();`,
  ],
  [
    "replaces the console by itself",
    `globalThis.console = new Proxy(console, { get() { throw 1; } }); await resource("web-1").restart();`,
  ],
  [
    "replaces every global by a proxy that loops",
    `for (const k of Reflect.ownKeys(globalThis)) { if (k !== "globalThis") try { globalThis[k] = new Proxy(function () {}, { get() { throw 1; }, apply() { throw 1; }, construct() { throw 1; } }); } catch {} }`,
  ],
  [
    "changes the prototype of the global object",
    `Object.setPrototypeOf(globalThis, new Proxy({}, { get() { throw 1; }, has() { return true; } })); await null;`,
  ],
]);

/** A line can't tell its end any more: the host says so for it. */
const speechless = withApi({ ends: "completed", line: "error", spoils: true }, [
  [
    "freezes every prototype",
    `for (const c of [Object, Array, Map, Promise, String, Error, Function]) Object.freeze(c.prototype); Object.freeze(globalThis); await resource("web-1").restart();`,
  ],
  [
    "deletes every global",
    `for (const k of Reflect.ownKeys(globalThis)) { try { delete globalThis[k]; } catch {} } await null;`,
  ],
]);

const failing = withApi({ ends: "threw", line: "error", spoils: true }, [
  ["replaces Promise", `globalThis.Promise = function () { throw 1; }; await resource("web-1").restart();`],
  [
    "replaces Promise.prototype.then",
    `Promise.prototype.then = function () { return this; }; await resource("web-1").restart();`,
  ],
  ["replaces Array.prototype.map", `Array.prototype.map = function () { throw 1; }; console.log(resources());`],
  [
    "replaces Map.prototype",
    `Map.prototype.get = () => ({ resolve() {}, reject() {} }); Map.prototype.set = Map.prototype.delete = () => false; await resource("web-1").restart();`,
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
    "puts toJSON that gives nothing on every object",
    `Object.prototype.toJSON = () => undefined; console.log("x"); await resource("web-1").restart();`,
  ],
  [
    "puts toJSON that throws on every object",
    `Object.prototype.toJSON = () => { throw 1; }; console.log("x"); await resource("web-1").restart();`,
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
    "puts setters on every object",
    `for (const k of ["id", "kind", "error", "value", "number", "stream"]) Object.defineProperty(Object.prototype, k, { set() { throw 1; }, configurable: true }); await resource("web-1").restart();`,
  ],
  [
    "puts get and set on every descriptor",
    `Object.prototype.get = () => { throw 1; }; await resource("web-1").restart(); console.log("x");`,
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
    "replaces the regular expressions' exec",
    `RegExp.prototype.exec = () => { throw 1; }; RegExp.prototype[Symbol.replace] = RegExp.prototype[Symbol.split] = () => { throw 1; }; throw new Error("x");`,
  ],
  [
    "makes every array a setter's victim",
    `Object.defineProperty(Array.prototype, "0", { set() { throw 1; }, get() { return "mine"; }, configurable: true }); await resource("web-1").restart();`,
  ],
]);

/** wilco's own part fails on the host's message: the VM is given up. */
const broken = withApi(
  { ends: "threw", line: "lost", code: "script_failed", says: "changed built-in objects", spoils: true },
  [
    [
      "replaces the iterator of arrays",
      `Array.prototype[Symbol.iterator] = function* () { yield* Object.values({ a: [99, 1, "mine"] }); }; await resource("web-1").restart();`,
    ],
    [
      "replaces String.prototype",
      `for (const k of Object.getOwnPropertyNames(String.prototype)) if (k !== "length") String.prototype[k] = () => { throw 1; }; console.log("x"); await resource("web-1").restart();`,
    ],
  ],
);

const endless = withApi({ ends: "limit cpu", line: "cpu", spoils: true }, [
  [
    "makes every array's iterator endless",
    `Array.prototype[Symbol.iterator] = function* () { for (;;) yield [1, 1, 1]; }; await resource("web-1").restart();`,
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
    "puts a then that loops on every object",
    `Object.prototype.then = () => { for (;;); }; await resource("web-1").restart();`,
  ],
]);

export const poisoned: Theme = {
  title: "replaced built-ins",
  cases: [...harmless, ...speechless, ...failing, ...broken, ...endless],
};
