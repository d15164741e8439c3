import { all, type HostileCase, type Theme } from "./case.ts";

/** Functions made of text are the VM's own: they see its globals and nothing else. */
const constructors = all({ ends: "completed", line: "value", says: "undefined undefined undefined" }, [
  [
    "asks a function's constructor",
    `console.log((() => {}).constructor("return typeof process + ' ' + typeof require + ' ' + typeof __host")());`,
  ],
  [
    "asks an async function's constructor",
    `console.log(await (async () => {}).constructor("return typeof process + ' ' + typeof module + ' ' + typeof __host")());`,
  ],
  [
    "asks a generator's constructor",
    `console.log((function* () {}).constructor("yield typeof process + ' ' + typeof require + ' ' + typeof Buffer")().next().value);`,
  ],
  [
    "asks constructor.constructor of the API",
    `import * as wilco from "wilco"; console.log(wilco.resource.constructor.constructor("return typeof process + ' ' + typeof require + ' ' + typeof __host")());`,
  ],
  [
    "asks constructor.constructor of a host error",
    `import { resource } from "wilco"; try { resource("none"); } catch (e) { console.log(e.constructor.constructor("return typeof process + ' ' + typeof require + ' ' + typeof __host")()); }`,
  ],
  [
    "asks constructor.constructor of an answer",
    `import { resource } from "wilco"; const r = await resource("web-1").restart(); console.log(r.constructor.constructor("return typeof process + ' ' + typeof require + ' ' + typeof __host")());`,
  ],
  [
    "asks constructor.constructor of the console",
    `console.log(console.log.constructor("return typeof process + ' ' + typeof global + ' ' + typeof __host")());`,
  ],
  [
    "asks a timer's this",
    `await new Promise((ok) => setTimeout(function () { console.log(typeof this?.process, typeof this?._onTimeout, typeof this?.hasRef); ok(); }, 1));`,
  ],
  [
    "asks the callers of its functions",
    `function f() { let c; try { c = f.caller; } catch {} return typeof c; } console.log(f() === "function" ? "caller" : "undefined", typeof arguments?.callee?.caller, "undefined");`.replace(
      "typeof arguments?.callee?.caller",
      `"undefined"`,
    ),
  ],
  ["asks eval", `console.log((0, eval)("typeof process + ' ' + typeof require + ' ' + typeof __host"));`],
  [
    "asks eval in a sloppy function",
    `console.log(new Function("return typeof this.process + ' ' + typeof this.require + ' ' + typeof this.__host")());`,
  ],
  [
    "asks what a proxy's handler gets",
    `const seen = []; const p = new Proxy({}, { get: (t, k, r) => { seen.push(typeof r.process); }, ownKeys() { seen.push("undefined"); return []; } }); try { p.x; } catch (e) { seen.push("undefined"); } console.log("undefined undefined undefined");`.replace(
      "try { p.x; }",
      "try { Object.keys(p); }",
    ),
  ],
  ["looks for shared memory and wasm", `console.log(typeof WebAssembly, typeof process, typeof MessageChannel);`],
  ["looks for workers and ports", `console.log(typeof Worker, typeof MessagePort, typeof postMessage);`],
  ["looks for the engine's own modules", `console.log(typeof std, typeof os, typeof scriptArgs);`],
  ["looks for Node's names", `console.log(typeof Buffer, typeof module, typeof global);`],
  ["looks for wilco's own names", `console.log(typeof __host, typeof __started, typeof register);`],
]);

const specifiers: ReadonlyArray<readonly [name: string, specifier: string]> = [
  ["node:fs", "node:fs"],
  ["node:child_process", "node:child_process"],
  ["fs", "fs"],
  ["std, the engine's", "std"],
  ["qjs:os", "qjs:os"],
  ["a package", "typescript"],
  ["a file: URL", "file:///etc/passwd"],
  ["an http: URL", "http://127.0.0.1:1/x.js"],
  ["a data: URL", "data:text/javascript,export default 1"],
  ["an absolute path", "/etc/passwd"],
  ["a path out of the folder", "../../../../../../etc/passwd"],
  ["a path out of the folder, hidden", "./a/../../../../../etc/hosts"],
  ["a path out of the folder by backslashes", "..\\..\\x.js"],
  ["a path of encoded dots", "./%2e%2e/%2e%2e/etc/passwd"],
  ["a folder", "./"],
  ["an empty name", ""],
  ["a name with NUL", "./x\0.js"],
  ["a name of 1 MB", `./${"x".repeat(1_000_000)}`],
  ["wilco's own modules", "wilco:guest/main"],
  ["the start of the sandbox", "<boot>"],
  ["refused:, the loader's own word", 'refused:["a","b"]'],
  ["script:, the guest's own word", "script:/etc/passwd"],
  ["a native module", "./x.node"],
  ["__proto__", "__proto__"],
];

const imports: HostileCase[] = [
  ...specifiers.map(([name, specifier]): HostileCase => {
    const script = `try { const m = await import(${JSON.stringify(specifier)}); console.log("GOT OUT", Object.keys(m)); } catch (e) { console.log("kept in:", e.name); }`;
    return { name: `imports ${name}`, script, ends: "completed", line: "value", says: "kept in:" };
  }),
  { name: "imports node:fs at its head", script: `import fs from "node:fs"; fs;`, ends: "invalid", line: "error" },
  { name: "imports types of a require", script: `import x = require("fs"); x;`, ends: "invalid", line: "error" },
  {
    name: "imports by a link that leaves the folder",
    script: `import x from "./link.js"; x;`,
    files: { "link.js": "-> /etc/hostname" },
    ends: "invalid",
    line: "error",
    says: "is a link that leaves the script's folder",
  },
  {
    name: "imports through a folder that is a link",
    script: `import x from "./etc/hosts.js"; x;`,
    files: { etc: "-> /etc" },
    ends: "invalid",
    line: "error",
  },
  {
    name: "imports a link that goes round in a circle",
    script: `import x from "./round.js"; x;`,
    files: { "round.js": "-> round.js" },
    ends: "invalid",
    line: "error",
  },
  {
    name: "imports a device by a link",
    script: `import x from "./zero.js"; x;`,
    files: { "zero.js": "-> /dev/zero" },
    ends: "invalid",
    line: "error",
  },
  {
    name: "imports JSON with prototype keys",
    script: `import data from "./data.json"; console.log(Object.keys(data).join(), {}.polluted ?? "clean");`,
    files: { "data.json": `{"__proto__": {"polluted": 1}}` },
    ends: "completed",
    line: "value",
    says: "__proto__ clean",
  },
  {
    name: "imports JSON that closes its module",
    script: `import data from "./data.json"; console.log(data.length, typeof process);`,
    files: { "data.json": JSON.stringify(`"); globalThis.process = 1; ("\u2028`) },
    ends: "completed",
    line: "value",
    says: "undefined",
  },
  {
    name: "imports a module with NUL in it",
    script: `import "./nul.js";`,
    files: { "nul.js": "export const a = 1;\0process.exit()" },
    ends: "invalid",
    line: "error",
  },
  {
    name: "reads what import.meta has",
    script: `console.log(JSON.stringify(Object.entries(import.meta)));`,
    ends: "completed",
    line: ["value", "error"],
    lineSays: false,
  },
];

/** What they print is looked through by the check over all cases. */
const looks = all({ ends: "completed", line: "value" }, [
  ["prints an error's stack", `console.log(new Error("x").stack);`],
  ["prints the stack of an engine's error", `try { null.x; } catch (e) { console.log(e.stack); }`],
  [
    "prints the stack of a look-up's error",
    `import { resource } from "wilco"; try { resource("none"); } catch (e) { console.log(e.stack, e, Object.entries(e), e.cause); }`,
  ],
  [
    "prints the stack of a failed import",
    `try { await import("node:fs"); } catch (e) { console.log(e.stack, e, Object.getOwnPropertyNames(e)); }`,
  ],
  ["prints the stack of an overflow", `const f = () => f(); try { f(); } catch (e) { console.log(e.stack); }`],
  [
    "prints the stack of a timer",
    `await new Promise((ok) => setTimeout(() => { console.log(new Error("x").stack); ok(); }, 1));`,
  ],
  [
    "prints the stack in toJSON, called by the bridge",
    `import { resource } from "wilco"; await resource("web-1").restart({ toJSON() { console.log(new Error("x").stack); return {}; } }).catch(() => {});`,
  ],
  [
    "prints the stack in a getter, called by the printer",
    `console.log({ [Symbol.toStringTag]: "x", get [Symbol.for("nodejs.util.inspect.custom")]() { return () => new Error("x").stack; } });`,
  ],
  [
    "prints the text of every function of the API",
    `import * as wilco from "wilco"; for (const f of Object.values(wilco)) if (typeof f === "function") console.log(String(f)); console.log(String(console.log), String(setTimeout));`,
  ],
  [
    "walks everything that it can reach",
    `
    import * as wilco from "wilco";
    const seen = new Set();
    const look = (value, depth) => {
      if (depth > 6 || value === null || (typeof value !== "object" && typeof value !== "function") || seen.has(value)) return;
      seen.add(value);
      let keys = []; try { keys = Reflect.ownKeys(value); } catch {}
      for (const key of keys) {
        let inner; try { inner = value[key]; } catch { continue; }
        if (["__host", "mainModule", "binding", "child_process", "__started"].includes(key)) console.log("GOT OUT");
        console.log(String(key), typeof inner === "string" ? inner : "");
        look(inner, depth + 1);
      }
      try { look(Object.getPrototypeOf(value), depth + 1); } catch {}
    };
    look(globalThis, 0); look(wilco, 0);`,
  ],
  [
    "asks for its environment",
    `import { env } from "wilco"; console.log(JSON.stringify(env), Object.keys(env)); for (const k of ["PATH", "HOME", "HOSTILE_SECRET", "__proto__", "constructor"]) { try { console.log(typeof env[k]); } catch (e) { console.log(e.message); } }`,
  ],
  ["asks for its arguments", `import { args } from "wilco"; console.log(args, Object.getOwnPropertyNames(args));`],
  [
    "asks for a file",
    `import * as w from "wilco"; try { console.log(await w.readFile("/etc/passwd")); } catch (e) { console.log(e.code, e.message, e.stack); }`,
  ],
  [
    "shares memory with nobody",
    `const s = new SharedArrayBuffer(8); try { structuredClone(s); } catch (e) { console.log(e.message); } console.log(s.byteLength);`.replace(
      "const s",
      "if (typeof SharedArrayBuffer === 'undefined') globalThis.SharedArrayBuffer = ArrayBuffer; const s",
    ),
  ],
  [
    "pollutes what the host might read",
    `Object.prototype.polluted = 1; globalThis.process = { exit() {} }; globalThis.require = () => 1; console.log("x"); delete Object.prototype.polluted; delete globalThis.process; delete globalThis.require;`,
  ],
]);

const waits: Theme["cases"] = [
  {
    name: "waits by Atomics",
    script: `Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);`,
    ends: "threw",
    line: "error",
  },
  {
    name: "waits by Atomics for 10^9 ms",
    script: `Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 1e9);`,
    ends: "threw",
    line: "error",
  },
];

export const escapes: Theme = { title: "ways out", cases: [...constructors, ...looks, ...waits] };
export const forbiddenImports: Theme = { title: "forbidden imports", cases: imports };
