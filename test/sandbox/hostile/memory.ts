import { all, type Theme } from "./case.ts";

/** What it holds grows by small pieces until nothing is left: the script can't catch that. */
const used = all({ ends: "limit memory", line: ["memory", "error"], cpu: 20_000, within: 25_000 }, [
  ["fills an array of arrays", `const a = []; for (;;) a.push(new Array(1_000).fill(a.length));`],
  ["fills an array of numbers", `const a = []; for (;;) a.push(a.length + 0.5);`],
  ["fills an array of objects", `const a = []; for (;;) a.push({ a });`],
  ["nests arrays", `let a = []; for (;;) a = [a, a];`],
  ["keeps many small texts", `const a = []; for (let i = 0; ; i++) a.push("text " + i);`],
  ["keeps texts of 10 KB", `const a = []; for (let i = 0; ; i++) a.push(String(i).padEnd(10_000, "x"));`],
  ["keeps symbols", `const a = []; for (let i = 0; ; i++) a.push(Symbol("s" + i));`],
  ["registers symbols", `for (let i = 0; ; i++) Symbol.for("s" + i);`],
  ["keeps BigInts", `const a = []; for (let i = 1n; ; i++) a.push(i << 4_000n);`],
  ["keeps buffers of 1 KB", `const a = []; for (;;) a.push(new ArrayBuffer(1_000));`],
  ["keeps buffers of 500 KB", `const a = []; for (;;) a.push(new Uint8Array(500_000));`],
  ["keeps views of one buffer", `const b = new ArrayBuffer(8), a = []; for (;;) a.push(new Uint8Array(b));`],
  ["keeps data views and dates", `const a = []; for (;;) a.push(new DataView(new ArrayBuffer(8)), new Date());`],
  ["makes globals", `for (let i = 0; ; i++) globalThis["g" + i] = i;`],
  ["makes globals of texts", `for (let i = 0; ; i++) globalThis["g" + i] = "x".repeat(1_000) + i;`],
  ["keeps closures", `const a = []; for (let i = 0; ; i++) { const big = [i, i, i]; a.push(() => big); }`],
  ["keeps compiled functions", `const a = []; for (let i = 0; ; i++) a.push(new Function("return " + i));`],
  ["keeps classes", `const a = []; for (;;) a.push(class { x = 1; get y() { return 1; } static z() {} });`],
  ["keeps bound functions", `let f = () => {}; const a = []; for (;;) a.push(f.bind(null, a));`],
  ["fills a Map", `const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });`],
  ["fills a Set", `const s = new Set(); for (let i = 0; ; i++) s.add("item " + i);`],
  [
    "fills a WeakMap with live keys",
    `const m = new WeakMap(), a = []; for (;;) { const k = {}; a.push(k); m.set(k, [k]); }`,
  ],
  ["keeps weak references", `const a = []; for (;;) a.push(new WeakRef({}));`],
  ["grows one object's shape", `const o = {}; for (let i = 0; ; i++) o["key" + i] = i;`],
  ["makes many objects of unlike shapes", `const a = []; for (let i = 0; ; i++) a.push({ ["k" + i]: i });`],
  [
    "keeps suspended generators",
    `function* g() { yield 1; } const a = []; for (;;) { const i = g(); i.next(); a.push(i); }`,
  ],
  [
    "keeps async generators",
    `async function* g() { yield 1; } const a = []; for (;;) { const i = g(); void i.next(); a.push(i); }`,
  ],
  [
    "keeps async functions that wait",
    `async function f() { await new Promise(() => {}); } const a = []; for (;;) a.push(f());`,
  ],
  ["keeps promises", `const a = []; for (;;) a.push(new Promise(() => {}));`],
  [
    "chains promises that are pending",
    `let p = new Promise(() => {}); const a = []; for (;;) a.push(p.then(() => {}));`,
  ],
  ["rejects promises with large reasons", `for (;;) Promise.reject(new Error("x".repeat(1_000)));`],
  ["queues microtasks without end in one turn", `for (;;) queueMicrotask(() => {});`],
  ["keeps proxies", `const a = []; for (;;) a.push(new Proxy({}, {}));`],
  ["wraps a proxy in a proxy", `let p = {}; for (;;) p = new Proxy(p, {});`],
  ["makes prototypes of prototypes", `let o = {}; for (;;) o = Object.create(o);`],
  [
    "keeps regular expressions",
    `const a = []; for (let i = 0; ; i++) a.push(new RegExp("(a|b)*c{" + (i % 900) + "}" + i));`,
  ],
  ["keeps errors with stacks", `const a = []; for (;;) a.push(new Error("kept"));`],
  ["chains the causes of errors", `let e = new Error("0"); for (;;) e = new Error("more", { cause: e });`],
  ["keeps URLs", `const a = []; for (let i = 0; ; i++) a.push(new URL("http://host/" + i));`],
  ["keeps listeners of events", `const t = new EventTarget(); for (;;) t.addEventListener("x", () => {});`],
  ["keeps clones", `const a = []; for (;;) a.push(structuredClone({ list: [1, 2, 3] }));`],
  ["keeps parsed JSON", `const a = []; for (;;) a.push(JSON.parse('{"a":[1,2,{"b":3}]}'));`],
  ["keeps the pieces of splits", `const a = []; for (;;) a.push("a,b,c,d,e,f,g,h".split(","));`],
  [
    "keeps tagged templates",
    `const a = []; const tag = (s) => a.push(s); for (let i = 0; ; i++) new Function("t", "t\`" + i + "\`")(tag);`,
  ],
  ["fills an array while sorting it", `const a = [2, 1], b = []; a.sort(() => { for (;;) b.push([1, 2]); });`],
  ["fills an array in a getter", `const a = []; const o = { get x() { for (;;) a.push({}); } }; o.x;`],
  ["fills an array in toJSON", `const a = []; JSON.stringify({ toJSON() { for (;;) a.push({}); } });`],
  ["fills an array from an iterator without end", `[...(function* () { for (;;) yield {}; })()];`],
  ["fills a Set from an iterator without end", `new Set((function* () { for (let i = 0; ; i++) yield i; })());`],
  [
    "recurses in templates",
    "const t = (n) => `${n}${a.push(n)}${n % 500 ? t(n + 1) : ''}`; const a = []; for (;;) a.push(t(1));",
  ],
  [
    "catches every error while it allocates",
    `const a = []; for (;;) { try { for (;;) a.push([a.length]); } catch {} }`,
  ],
  ["allocates in finally", `const a = []; try { for (;;) a.push([1]); } finally { for (;;) a.push([2]); }`],
  [
    "starts operations",
    `import { resource } from "wilco"; const a = []; for (;;) a.push(resource("web-1").restart());`,
  ],
]);

/** One piece too large: an error that the script may catch; uncaught it is the limit. */
const pieces = all({ ends: "completed", line: "value", says: "out of memory", cpu: 20_000 }, [
  ["asks for a buffer of 1 GB", `try { new Uint8Array(1_000_000_000); } catch (e) { console.log(e.message); }`],
  [
    "asks for a buffer of 4 GB",
    `try { new ArrayBuffer(2 ** 32); } catch (e) { console.log("out of memory", e.name); }`,
  ],
  [
    "asks for a large typed array of doubles",
    `try { new Float64Array(2 ** 27); } catch (e) { console.log(e.message); }`,
  ],
  ["asks for a text of 500 MB", `try { "x".repeat(2 ** 29); } catch (e) { console.log("out of memory", e.name); }`],
  ["pads a text to 500 MB", `try { "x".padEnd(2 ** 29); } catch (e) { console.log("out of memory", e.name); }`],
  [
    "doubles a text without end",
    `let s = "x"; try { for (;;) { s += s; s.charCodeAt(3); } } catch (e) { console.log("out of memory", e.name); }`,
  ],
  [
    "joins an empty array of many",
    `try { new Array(2 ** 28).join("xx"); } catch (e) { console.log("out of memory", e.name); }`,
  ],
  [
    "raises a BigInt to a power without end",
    `try { 2n ** 2n ** 40n; } catch (e) { console.log("out of memory", e.name); }`,
  ],
  ["shifts a BigInt by 10^12", `try { 1n << 1_000_000_000_000n; } catch (e) { console.log("out of memory", e.name); }`],
  ["fills an array of 2^27", `try { new Array(2 ** 27).fill(0); } catch (e) { console.log("out of memory", e.name); }`],
  [
    "replaces into a huge text",
    `try { "x".repeat(1e4).replaceAll("x", "y".repeat(1e6)); } catch (e) { console.log("out of memory", e.name); }`,
  ],
  [
    "spreads a huge typed array",
    `try { Math.max(...new Uint8Array(5_000_000)); } catch (e) { console.log("out of memory", e.name); }`,
  ],
]);

export const memory: Theme = { title: "memory", cases: [...used, ...pieces] };
