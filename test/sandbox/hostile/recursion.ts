import { all, type Theme } from "./case.ts";

/** Ends with an error that it can catch. */
const caught = all({ ends: "completed", line: "value", says: "caught" }, [
  ["recurses in code", `try { (function f() { f(); })(); } catch { console.log("caught"); }`],
  [
    "recurses in two functions",
    `function a() { b(); } function b() { a(); } try { a(); } catch { console.log("caught"); }`,
  ],
  [
    "recurses in a constructor",
    `class A { constructor() { new A(); } } try { new A(); } catch { console.log("caught"); }`,
  ],
  ["recurses in a class field", `class A { x = new A(); } try { new A(); } catch { console.log("caught"); }`],
  ["recurses in a getter", `const o = { get x() { return this.x; } }; try { o.x; } catch { console.log("caught"); }`],
  [
    "recurses in toString",
    `const o = { toString() { return "" + this; } }; try { "" + o; } catch { console.log("caught"); }`,
  ],
  [
    "recurses in toPrimitive",
    `const o = { [Symbol.toPrimitive]() { return o + 1; } }; try { o + 1; } catch { console.log("caught"); }`,
  ],
  [
    "recurses in toJSON",
    `const o = { toJSON() { return JSON.stringify(o); } }; try { JSON.stringify(o); } catch { console.log("caught"); }`,
  ],
  [
    "recurses in a proxy's get",
    `const p = new Proxy({}, { get: (t, k, s) => s[k] }); try { p.x; } catch { console.log("caught"); }`,
  ],
  [
    "recurses in a proxy's has",
    `const p = new Proxy({}, { has: (t, k) => k in p }); try { "x" in p; } catch { console.log("caught"); }`,
  ],
  [
    "recurses through a proxy as its prototype",
    `const t = {}; const p = new Proxy(t, {}); try { Object.setPrototypeOf(t, p); t.x; } catch { console.log("caught"); }`,
  ],
  ["recurses in map", `const f = () => [1].map(f); try { f(); } catch { console.log("caught"); }`],
  ["recurses in sort", `const f = () => [2, 1].sort(f); try { f(); } catch { console.log("caught"); }`],
  ["recurses in replace", `const f = () => "a".replace("a", f); try { f(); } catch { console.log("caught"); }`],
  [
    "recurses in bind",
    `let f = () => f(); for (let i = 0; i < 3_000; i++) f = f.bind(null); try { f(); } catch { console.log("caught"); }`,
  ],
  ["recurses in apply", `const f = () => Reflect.apply(f, null, []); try { f(); } catch { console.log("caught"); }`],
  [
    "recurses in eval",
    `globalThis.deeper = () => (0, eval)("deeper()"); try { deeper(); } catch { console.log("caught"); }`,
  ],
  ["recurses in generators", `function* g() { yield* g(); } try { g().next(); } catch { console.log("caught"); }`],
  [
    "recurses in an iterator",
    `const o = { [Symbol.iterator]() { return [...o]; } }; try { [...o]; } catch { console.log("caught"); }`,
  ],
  ["recurses in async functions", `const f = async () => f(); await f().catch(() => console.log("caught"));`],
  [
    "recurses in Symbol.hasInstance",
    `const o = { [Symbol.hasInstance]: (x) => x instanceof o }; try { 1 instanceof o; } catch { console.log("caught"); }`,
  ],
  ["nests brackets in JSON", `try { JSON.parse("[".repeat(100_000)); } catch { console.log("caught"); }`],
  ["nests objects in JSON", `try { JSON.parse('{"a":'.repeat(100_000)); } catch { console.log("caught"); }`],
  ["nests brackets in code", `try { new Function("(".repeat(50_000))(); } catch { console.log("caught"); }`],
  ["nests operators in code", `try { new Function("!".repeat(200_000) + "1"); } catch { console.log("caught"); }`],
  [
    "nests groups in an expression",
    `try { new RegExp("(".repeat(50_000) + ")".repeat(50_000)); } catch { console.log("caught"); }`,
  ],
  [
    "nests quantified groups in an expression",
    `try { new RegExp("(?:".repeat(20_000) + "a" + ")*".repeat(20_000)); } catch { console.log("caught"); }`,
  ],
  [
    "nests classes in an expression with v",
    `try { new RegExp("[".repeat(20_000) + "]".repeat(20_000), "v"); } catch { console.log("caught"); }`,
  ],
  ["flattens without end", `const a = []; a.push(a); try { a.flat(Infinity); } catch { console.log("caught"); }`],
  [
    "clones what is nested deeply",
    `let a = []; for (let i = 0; i < 20_000; i++) a = [a]; try { structuredClone(a); } catch { console.log("caught"); }`,
  ],
]);

const alive = all({ ends: "completed", line: "value", says: "alive" }, [
  [
    "counts how deep it can go",
    `let depth = 0; const f = () => { depth++; f(); }; try { f(); } catch {} console.log(depth > 3_000 ? "alive" : depth);`,
  ],
  [
    "nests arrays for JSON",
    `let a = []; for (let i = 0; i < 5_000; i++) a = [a]; try { JSON.stringify(a); } catch {} console.log("alive");`,
  ],
  ["nests functions in code", `try { new Function("()=>".repeat(1_500) + "1"); } catch {} console.log("alive");`],
  [
    "prints what is nested deeply",
    `let a = []; for (let i = 0; i < 20_000; i++) a = [a]; console.log(a); console.log("alive");`,
  ],
  ["prints what holds itself", `const a = { b: [] }; a.b.push(a); console.log(a); console.log("alive");`],
  [
    "prints a list linked 50,000 times",
    `let a = null; for (let i = 0; i < 50_000; i++) a = { a }; console.log(a, "alive");`,
  ],
  [
    "drops a list linked 100,000 times",
    `let a = null; for (let i = 0; i < 100_000; i++) a = { a }; a = null; console.log("alive");`,
  ],
  [
    "resolves promises nested deeply",
    `let p = Promise.resolve(1); for (let i = 0; i < 5_000; i++) { const q = p; p = new Promise((ok) => ok(q)); } await p; console.log("alive");`,
  ],
]);

const modules: Theme["cases"] = [
  {
    name: "imports itself through another module",
    script: `import { b } from "./b.js"; export const a = 1; console.log("alive", b);`,
    files: { "b.js": `import "./a.js"; export const b = 2;`, "a.js": `import "./b.js";` },
    ends: "completed",
    says: "alive",
  },
  {
    name: "imports a chain of 1,200 modules",
    script: `await import("./m0.js"); console.log("alive");`,
    files: Object.fromEntries(
      Array.from({ length: 1_200 }, (_, i) => [`m${i}.js`, i === 1_199 ? "" : `import "./m${i + 1}.js";`]),
    ),
    ends: "threw",
  },
  {
    name: "imports JSON nested deeply",
    script: `import deep from "./deep.json"; console.log(typeof deep);`,
    files: { "deep.json": "[".repeat(5_000) + "]".repeat(5_000) },
    ends: ["completed", "threw", "invalid"],
    line: ["value", "error"],
  },
];

export const recursion: Theme = { title: "recursion", cases: [...caught, ...alive, ...modules] };
