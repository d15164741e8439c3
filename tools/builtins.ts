/**
 * Node's own modules, reached without the ESM loader, and when something of them is called. For
 * `import { request } from "node:http"` Node reads every export of that module, and some load something big when they are
 * first read: its fetch, 55 ms of processor time; streams of files, 4 ms. And most commands call nothing of what they
 * import from node:crypto (8 ms) or node:child_process (3 ms).
 */
import type { Plugin } from "rolldown";
import { parseAst } from "rolldown/parseAst";

/** Loaded by Node itself before anything of ours. */
const PRESENT = new Set(
  ["buffer", "events", "fs", "module", "path", "process", "timers", "url", "util"].map((name) => `node:${name}`),
);
// Not `process.getBuiltinModule`: a Node that is too old for it must be able to say so.
const HEAD = 'import { createRequire as requireOf } from "node:module";\nconst builtin = requireOf(import.meta.url);\n';

type Statement = ReturnType<typeof parseAst>["body"][number];
type Import = Extract<Statement, { type: "ImportDeclaration" }>;

export function builtinsWhenCalled(): Plugin {
  return {
    name: "builtins-when-called",
    renderChunk(code) {
      const imports = parseAst(code).body.filter(isOfBuiltin);
      if (imports.length === 0) return null;
      let text = code;
      for (const [index, one] of [...imports.entries()].toReversed()) {
        text = text.slice(0, one.start) + requiring(one, `builtin${index}`) + text.slice(one.end);
      }
      const shebang = /^#!.*\n/.exec(text)?.[0] ?? "";
      return shebang + HEAD + text.slice(shebang.length);
    },
  };
}

function isOfBuiltin(statement: Statement): statement is Import {
  return statement.type === "ImportDeclaration" && statement.source.value.startsWith("node:");
}

/** The statements that stand for an import. @param own a name for the module that nothing else in the chunk has. */
function requiring({ specifiers, source }: Import, own: string): string {
  const name = source.value;
  const present = PRESENT.has(name);
  const whole = present ? own : `(${own} ??= builtin("${name}"))`;
  const statements = [present ? `const ${own} = builtin("${name}");` : `let ${own};`];
  for (const one of specifiers) {
    const local = one.local.name;
    if (one.type !== "ImportSpecifier") {
      const lazy = `new Proxy({}, { get: (_, key) => ${whole}[key] })`;
      statements.push(`const ${local} = ${present ? own : lazy};`);
      continue;
    }
    const exported = one.imported.type === "Identifier" ? one.imported.name : one.imported.value;
    const later = !present && isPlainFunction(name, exported);
    statements.push(
      `const ${local} = ${later ? `(...args) => ${whole}.${exported}(...args)` : `${whole}.${exported}`};`,
    );
  }
  return statements.join(" ");
}

/** What another function can stand for: no class, and nothing that has something of its own, for `promisify` or callers. */
function isPlainFunction(module: string, name: string): boolean {
  const exports = process.getBuiltinModule(module) as unknown as Record<string, unknown>;
  const value = exports[name];
  if (typeof value !== "function" || !/^[a-z]/.test(name)) return false;
  return Reflect.ownKeys(value).every((key) => key === "length" || key === "name" || key === "prototype");
}
