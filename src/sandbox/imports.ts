/** What a module imports, read from its text: nothing is run or resolved. */
import { tokensOf, type Token } from "./line-tokens.ts";

export interface Import {
  /** undefined: computed when the script runs. */
  specifier: string | undefined;
  /** By import(), not by a statement. */
  called: boolean;
  /** Offset of its first word, and of the name. */
  at: number;
  named: number;
}

/** Every `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")` that is no type's alone. */
export function importsOf(source: string): Import[] {
  const { tokens } = tokensOf(source);
  return tokens.flatMap((token, index): Import[] => {
    if (token.kind !== "word") return [];
    const [before, next, after, end] = [tokens[index - 1], tokens[index + 1], tokens[index + 2], tokens[index + 3]];
    // `object.import` and the like.
    if (before?.text === ".") return [];
    if (token.text === "import" && next?.text === "(") {
      const literal = after?.kind === "string" && (end?.text === ")" || end?.text === ",");
      return [
        {
          specifier: literal ? textOf(after) : undefined,
          called: true,
          at: token.start,
          named: (after ?? token).start,
        },
      ];
    }
    const names = (token.text === "import" || token.text === "from") && next?.kind === "string";
    if (!names || (token.text === "from" && isTypesOnly(tokens, index))) return [];
    return [{ specifier: textOf(next), called: false, at: token.start, named: next.start }];
  });
}

/** `import type … from` and `export type … from`: gone when it runs, and so may be what it names. */
function isTypesOnly(tokens: readonly Token[], from: number): boolean {
  for (let index = from - 1; index >= 0; index--) {
    const { text, kind, depth } = tokens[index]!;
    if (kind === "word" && (text === "import" || text === "export") && depth === tokens[from]!.depth) {
      const [one, two] = [tokens[index + 1], tokens[index + 2]];
      // `import type from "./type.ts"` imports a value of that name.
      return one?.text === "type" && two?.text !== "from" && two?.text !== ",";
    }
    if (text === ";") return false;
  }
  return false;
}

/** undefined for escapes that no module's name needs. */
function textOf({ text }: Token): string | undefined {
  const inner = text.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  try {
    return JSON.parse(`"${inner}"`) as string;
  } catch {
    return undefined; // Told as computed: it is found when it runs, or not.
  }
}
