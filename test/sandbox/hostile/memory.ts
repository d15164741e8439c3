import { all, type Theme } from "./case.ts";

/** What it holds grows by small pieces until nothing is left: the script can't catch that. */
const used = all({ ends: "limit memory", line: ["memory", "error"] }, [
  ["fills an array of arrays", `const a = []; for (;;) a.push(new Array(1_000).fill(a.length));`],
  ["fills an array of numbers", `const a = []; for (;;) a.push(a.length + 0.5);`],
  ["keeps texts of 10 KB", `const a = []; for (let i = 0; ; i++) a.push(String(i).padEnd(10_000, "x"));`],
  ["keeps BigInts", `const a = []; for (let i = 1n; ; i++) a.push(i << 4_000n);`],
  ["keeps buffers of 500 KB", `const a = []; for (;;) a.push(new Uint8Array(500_000));`],
  ["makes globals", `for (let i = 0; ; i++) globalThis["g" + i] = i;`],
  ["fills a Map", `const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });`],
  ["keeps promises", `const a = []; for (;;) a.push(new Promise(() => {}));`],
  ["rejects promises with large reasons", `for (;;) Promise.reject(new Error("x".repeat(1_000)));`],
  ["queues microtasks without end in one turn", `for (;;) queueMicrotask(() => {});`],
  ["fills an array in toJSON", `const a = []; JSON.stringify({ toJSON() { for (;;) a.push({}); } });`],
  [
    "catches every error while it allocates",
    `const a = []; for (;;) { try { for (;;) a.push([a.length]); } catch {} }`,
  ],
]);
const usedOtherwise = all({ ends: "limit memory", line: "not run" }, [
  ["nests arrays", `let a = []; for (;;) a = [a, a];`],
  ["keeps many small texts", `const a = []; for (let i = 0; ; i++) a.push("text " + i);`],
  ["registers symbols", `const a = []; for (let i = 0; ; i++) a.push(Symbol.for("s" + i));`],
  ["keeps buffers of 1 KB", `const a = []; for (;;) a.push(new ArrayBuffer(1_000));`],
  ["keeps views of one buffer", `const b = new ArrayBuffer(8), a = []; for (;;) a.push(new Uint8Array(b));`],
  ["fills a Set", `const s = new Set(); for (let i = 0; ; i++) s.add("item " + i);`],
  [
    "fills a WeakMap with live keys",
    `const m = new WeakMap(), a = []; for (;;) { const k = {}; a.push(k); m.set(k, [k]); }`,
  ],
  ["grows one object's shape", `const o = {}; for (let i = 0; ; i++) o["key" + i] = i;`],
  [
    "keeps suspended generators",
    `function* g() { yield 1; } const a = []; for (;;) { const i = g(); i.next(); a.push(i); }`,
  ],
  ["keeps proxies", `const a = []; for (;;) a.push(new Proxy({}, {}));`],
  [
    "keeps regular expressions",
    `const a = []; for (let i = 0; ; i++) a.push(new RegExp("(a|b)*c{" + (i % 900) + "}" + i));`,
  ],
  ["keeps errors with stacks", `const a = []; for (;;) a.push(new Error("kept"));`],
  ["fills an array while sorting it", `const a = [2, 1], b = []; a.sort(() => { for (;;) b.push([1, 2]); });`],
  ["fills an array from an iterator without end", `[...(function* () { for (;;) yield {}; })()];`],
  ["allocates in finally", `const a = []; try { for (;;) a.push([1]); } finally { for (;;) a.push([2]); }`],
]);

/** One piece too large: an error that the script may catch; uncaught it is the limit. */
const pieces = all({ ends: "completed", line: "value", says: "out of memory" }, [
  ["asks for a buffer of 1 GB", `try { new Uint8Array(1_000_000_000); } catch (e) { console.log(e.message); }`],
  [
    "asks for a buffer of 4 GB",
    `try { new ArrayBuffer(2 ** 32); } catch (e) { console.log("out of memory", e.name); }`,
  ],
  ["asks for a text of 500 MB", `try { "x".repeat(2 ** 29); } catch (e) { console.log("out of memory", e.name); }`],
  ["pads a text to 500 MB", `try { "x".padEnd(2 ** 29); } catch (e) { console.log("out of memory", e.name); }`],
  [
    "joins an empty array of many",
    `try { new Array(2 ** 18).join("x".repeat(5_000)); } catch (e) { console.log("out of memory", e.name); }`,
  ],
  [
    "raises a BigInt to a power without end",
    `try { 2n ** 2n ** 40n; } catch (e) { console.log("out of memory", e.name); }`,
  ],
  ["shifts a BigInt by 10^12", `try { 1n << 1_000_000_000_000n; } catch (e) { console.log("out of memory", e.name); }`],
  ["fills an array of 2^27", `try { new Array(2 ** 27).fill(0); } catch (e) { console.log("out of memory", e.name); }`],
  [
    "spreads a huge typed array",
    `try { Math.max(...new Uint8Array(5_000_000)); } catch (e) { console.log("out of memory", e.name); }`,
  ],
]);

/** As these, but what it got is still held by its variable. */
const held = all({ ends: "completed", line: "value", says: "out of memory", spoils: true }, [
  [
    "doubles a text without end",
    `let s = "x"; try { for (;;) { s += s; s.charCodeAt(3); } } catch (e) { console.log("out of memory", e.name); }`,
  ],
]);

export const memory: Theme = { title: "memory", cases: [...used, ...usedOtherwise, ...pieces, ...held] };
