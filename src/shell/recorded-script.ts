/**
 * Lines of a session as the text of a script. What differs between the two: names that are global in a session are
 * imported; what a session waits for by itself is awaited; a name may be declared again in a session only; `_` is there.
 */
import { rewriteLine } from "../sandbox/line-rewrite.ts";
import { beginsStatement, tokensOf, type Token } from "../sandbox/line-tokens.ts";
import { WILCO_EXPORTS } from "../sandbox/wilco-exports.ts";

export interface RecordedLine {
  source: string;
  /** The session waited for the line's value. */
  awaited: boolean;
  /** It had a value, which `_` is from then on. */
  hasValue: boolean;
}

const EXPORTED = new Set(WILCO_EXPORTS);

export function recordedScript(lines: readonly RecordedLine[]): string {
  const parsed = lines.map((line) => ({ ...line, tokens: tokensOf(line.source).tokens, ...rewriteLine(line.source) }));
  const declared = parsed.flatMap(({ names }) => names);
  const twice = new Set(declared.filter((name, at) => declared.indexOf(name) !== at));
  const own = new Set(declared);
  const used = new Set(parsed.flatMap(({ tokens }) => namesIn(tokens)));
  const imports = [...used].filter((name) => EXPORTED.has(name) && !own.has(name)).toSorted();
  const needsLast = used.has("_") && !own.has("_");

  const body = parsed.map((line, index) => {
    const again = line.names.some((name) => twice.has(name));
    const nextUse = needsLast && line.hasValue ? usesLast(parsed.slice(index + 1)) : false;
    if (again) return ended(functionsAsVariables(line.code, twice));
    return ended(nextUse || line.awaited ? withValue(line.source, line.tokens, line.awaited, nextUse) : line.source);
  });
  const head = [
    ...(imports.length > 0 ? [`import { ${imports.join(", ")} } from "wilco";`] : []),
    ...(needsLast ? ["/** The last value, as in the session. */", "let _;"] : []),
  ];
  return `${[...head, ...(head.length > 0 ? [""] : []), ...body].join("\n")}\n`;
}

/** A module has one function of a name at most; of variables it has as many declarations as one likes. */
function functionsAsVariables(code: string, names: ReadonlySet<string>): string {
  const { tokens } = tokensOf(code);
  let text = "";
  let at = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "word" || token.text !== "function" || token.depth > 0) continue;
    const name = tokens[tokens[index + 1]?.text === "*" ? index + 2 : index + 1];
    const first = tokens[index - 1]?.text === "async" ? index - 1 : index;
    const end = name && names.has(name.text) ? functionEnd(tokens, index) : undefined;
    if (end === undefined || !beginsStatement(tokens[first - 1], tokens[first]!)) continue;
    const { start } = tokens[first]!;
    text += `${code.slice(at, start)}var ${name!.text} = ${code.slice(start, end)};`;
    at = end;
  }
  return text + code.slice(at);
}

/** Where the body of the function at tokens[index] ends: a result's type in braces comes before it. */
function functionEnd(tokens: readonly Token[], index: number): number | undefined {
  let close: Token | undefined;
  for (const [at, token] of tokens.entries()) {
    if (at <= index || token.depth > 0) continue;
    if (token.text === "}") {
      close = token;
      const next = tokens[at + 1];
      if (!next || next.newLine || !["{", ">", "|", "&", "["].includes(next.text)) break;
    }
  }
  return close?.end;
}

/** A line that uses `_` comes before another gives it a new value. */
function usesLast(following: ReadonlyArray<{ tokens: Token[]; hasValue: boolean }>): boolean {
  for (const { tokens, hasValue } of following) {
    if (namesIn(tokens).includes("_")) return true;
    if (hasValue) return false;
  }
  return false;
}

function namesIn(tokens: readonly Token[]): string[] {
  return tokens
    .filter((token, at) => token.kind === "word" && tokens[at - 1]?.text !== "." && tokens[at + 1]?.text !== ":")
    .map((token) => token.text);
}

/** The last statement of a line is an expression: it is awaited, its value kept. */
function withValue(source: string, tokens: readonly Token[], awaited: boolean, kept: boolean): string {
  const last = tokens.at(-1)?.text === ";" ? tokens.length - 2 : tokens.length - 1;
  let first = last;
  while (first > 0) {
    const token = tokens[first]!;
    const before = tokens[first - 1]!;
    if (token.depth === 0 && (before.text === ";" || (token.newLine && beginsStatement(before, token)))) break;
    first--;
  }
  const start = tokens[first];
  const end = tokens[last];
  if (!start || !end || start.text === "await") return kept && start ? insert(source, start.start, "_ = ") : source;
  const expression = source.slice(start.start, end.end);
  // `await a ? b : c` would await a.
  const plain = tokens.slice(first, last + 1).every((token) => token.depth > 0 || !isOperator(token));
  const value = awaited ? (plain ? `await ${expression}` : `await (${expression})`) : expression;
  return source.slice(0, start.start) + (kept ? "_ = " : "") + value + source.slice(end.end);
}

function isOperator({ kind, text }: Token): boolean {
  return kind === "punctuation" && ![".", "(", ")", "[", "]", "{", "}"].includes(text);
}

function insert(source: string, at: number, text: string): string {
  return source.slice(0, at) + text + source.slice(at);
}

/** A line that begins with a bracket would go on with the one before. */
function ended(source: string): string {
  const text = source.trimEnd();
  const last = tokensOf(text).tokens.at(-1);
  return !last || last.text === ";" || last.text === "}" || last.end < text.length ? text : `${text};`;
}
