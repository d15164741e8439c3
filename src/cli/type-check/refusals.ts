/** What the sandbox would refuse of scripts that the compiler takes, or takes for something else. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { importsOf } from "../../sandbox/imports.ts";
import { LoadError, positionAt } from "../../sandbox/load-error.ts";
import { createLoader, REFUSED, whyRefused } from "../../sandbox/loader.ts";
import { createTranspiler } from "../../sandbox/transpile.ts";
import type { Diagnostic } from "./diagnostics.ts";

/** Of imports: no such module, none with types, one that is no module. */
const OF_IMPORTS: ReadonlySet<string> = new Set(["TS2307", "TS2306", "TS7016"]);

/**
 * The compiler's findings with the sandbox's, in the sandbox's words and in place of the compiler's where both find the
 * same: decorators and packages that are installed beside the script only the sandbox refuses.
 * @param files absolute.
 */
export function withRefusals(diagnostics: Diagnostic[], files: readonly string[]): Diagnostic[] {
  const unstripped = files.flatMap(syntaxRefused);
  const imports = files.flatMap(importsRefused);
  const isAt = (list: readonly Diagnostic[], { file, line }: Diagnostic) =>
    list.some((one) => one.file === file && one.line === line);
  // A syntax error is found by both: the compiler says it better, and finds more than the first.
  const syntax = unstripped.filter((one) => one.hint !== undefined || !isAt(diagnostics, one));
  const kept = diagnostics.filter(
    (one) => !(one.code === "TS1294" && isAt(unstripped, one)) && !(OF_IMPORTS.has(one.code) && isAt(imports, one)),
  );
  return [...kept, ...syntax, ...imports];
}

function syntaxRefused(file: string): Diagnostic[] {
  if (!/\.m?ts$/.test(file)) return [];
  try {
    createTranspiler({ cacheDirectory: undefined }).strip(readFileSync(file, "utf8"), file);
    return [];
  } catch (error) {
    if (!(error instanceof LoadError) || error.problem.position === undefined) throw error;
    const { message, hint, code, position } = error.problem;
    return [{ ...position, file, code, message, ...(hint === undefined ? {} : { hint }) }];
  }
}

/** Of the script and of the modules of its folder that it imports. Whether files are there, the compiler says. */
function importsRefused(script: string): Diagnostic[] {
  const root = dirname(script);
  const loader = createLoader({ transpiler: createTranspiler({ cacheDirectory: undefined }) });
  const refused: Diagnostic[] = [];
  const found = new Set([main(loader, root, script)]);
  for (const name of found) {
    if (name === undefined || name.endsWith(".json")) continue;
    const file = join(root, name);
    const source = readFileSync(file, "utf8");
    for (const { specifier, named } of importsOf(source)) {
      if (specifier === undefined || specifier === "wilco") continue;
      if (/^\.\.?\//.test(specifier)) {
        const inside = loader.resolve(name, specifier);
        // What is outside of this folder may be inside of another --root.
        if (!inside.startsWith(REFUSED)) found.add(inside);
        continue;
      }
      const problem = whyRefused(name, specifier);
      if (!problem) continue;
      const { message, hint, code } = problem;
      refused.push({
        ...positionAt(name, source, named),
        file,
        code,
        message,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }
  return refused;
}

/** undefined: that it is no script is said elsewhere. */
function main(loader: ReturnType<typeof createLoader>, root: string, script: string): string | undefined {
  try {
    return loader.open(root, script);
  } catch (error) {
    if (error instanceof LoadError) return undefined;
    throw error;
  }
}
