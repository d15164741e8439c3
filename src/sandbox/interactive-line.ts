/** The ways to read a line, in the order in which they are tried, and what to say when none compiles. */
import type { Uncompiled } from "./engine.ts";
import { rewriteLine, type RewrittenLine } from "./line-rewrite.ts";
import type { Transpiler } from "./transpile.ts";

export interface Reading extends RewrittenLine {
  /** What the engine says of this one is what is shown. */
  asTyped: boolean;
}

/** The engine's messages for what began and does not end; where they point is no help. */
const UNFINISHED = /^(unexpected end of comment|expected '\}' after template expression)/;

/**
 * An object literal would be read as a block, so with brackets first; then as it stands; then without its types, which
 * costs 50 to 90 ms for loading the stripper and is left for what does not compile otherwise.
 */
export function* readings(source: string, file: string, transpiler: Transpiler): Generator<Reading> {
  if (/^\s*\{[^]*\}\s*$/.test(source)) yield { ...rewriteLine(`(${source}\n)`), asTyped: false };
  yield { ...rewriteLine(source), asTyped: true };
  const stripped = withoutTypes(source, file, transpiler);
  if (stripped !== undefined && stripped !== source) yield { ...rewriteLine(stripped), asTyped: false };
}

/** More has to come before it can compile. */
export function isUnfinished({ code, open }: RewrittenLine, problem: Uncompiled): boolean {
  if (open || UNFINISHED.test(problem.message)) return true;
  const lines = code.trimEnd().split("\n");
  const last = lines.at(-1) ?? "";
  return problem.line > lines.length || (problem.line === lines.length && problem.column > last.length);
}

function withoutTypes(source: string, file: string, transpiler: Transpiler): string | undefined {
  try {
    return transpiler.strip(source, file);
  } catch {
    return undefined; // Neither JavaScript nor TypeScript: what the engine said of it is what is shown.
  }
}
