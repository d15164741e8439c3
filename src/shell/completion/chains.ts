/** Chains of names, dots, calls and indexes among tokens: `resources("web-*")[0].restart`. */
import type { Token } from "../../sandbox/line-tokens.ts";

export interface Chains {
  /** Both ends of each pair of brackets, by the index of the other. */
  pairs: ReadonlyMap<number, number>;
  /** "" where there is no token. */
  textAt(at: number): string;
  /** An accessor's dot stands there ("." or the end of "?."), and not the end of a spread. */
  isDot(at: number): boolean;
  /** Where the chain begins that ends with this token. */
  startOf(end: number): number | undefined;
}

/** Before an expression, and not part of it. */
export const WORD_BEFORE = new Set(
  "await return of in case typeof void delete throw new yield else do if while for".split(" "),
);
export function chainsOf(tokens: readonly Token[]): Chains {
  const pairs = pairsOf(tokens);
  const textAt = (at: number): string => tokens[at]?.text ?? "";

  function isDot(at: number): boolean {
    return textAt(at) === "." && !(textAt(at - 1) === "." && tokens[at - 1]!.end === tokens[at]!.start);
  }

  function startOf(end: number): number | undefined {
    let at = end;
    for (;;) {
      const token = tokens[at];
      if (!token) return undefined;
      if (token.text === ")" || token.text === "]") {
        const open = pairs.get(at);
        if (open === undefined) return undefined;
        const before = tokens[open - 1];
        const suffix =
          before && !WORD_BEFORE.has(before.text) && (before.kind === "word" || /^[)\]]$/.test(before.text));
        if (!suffix && !isDot(open - 1)) return open;
        at = suffix ? open - 1 : open - 2;
      } else if (token.kind === "punctuation") {
        if (token.text !== "!" && token.text !== "?") return undefined;
        at--;
      } else if (isDot(at - 1)) at -= 2;
      else return at;
    }
  }

  return { pairs, textAt, isDot, startOf };
}

/** Both ends of each pair of brackets, by the index of the other. */
function pairsOf(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  tokens.forEach(({ text, kind }, at) => {
    if (kind === "template") {
      if (text.startsWith("}")) open.pop();
      if (text.endsWith("${")) open.push(at);
    } else if (kind !== "punctuation") return;
    else if (text === "(" || text === "[" || text === "{") open.push(at);
    else if (text === ")" || text === "]" || text === "}") {
      const start = open.pop();
      if (start === undefined) return;
      pairs.set(start, at).set(at, start);
    }
  });
  return pairs;
}
