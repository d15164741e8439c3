/** Where the cursor stands in what was typed: what is being typed there, and the brackets that are open around it. */
import { tokensOf, type Token } from "../../sandbox/line-tokens.ts";

export interface Cursor {
  /** What is complete before the cursor. */
  tokens: readonly Token[];
  /** What is being typed; the text of an open string is without its quote, which is `quote`. */
  typed: { kind: "word" | "string" | "nothing"; text: string; quote: string };
  /** Open brackets, outermost first. */
  frames: readonly Frame[];
}

export interface Frame {
  /** "`" for an expression in a template. */
  sign: "(" | "[" | "{" | "`";
  /** Index of the bracket's token. */
  at: number;
  /** Commas since. */
  commas: number;
  /** Of an object: the keys that have a value or a comma already. */
  keys: string[];
  /** Of an object: the key whose value is being typed. */
  key: string | undefined;
  /** The braces are an object and not a block. */
  object: boolean;
}

/** Before braces that are an object. A block stands after `)`, `=>`, `;` or a word. */
const BEFORE_OBJECT = new Set(["(", ",", ":", "[", "=", "?", "&", "|", "return"]);

const NOTHING_TYPED: Cursor["typed"] = { kind: "nothing", text: "", quote: "" };

/** @returns undefined in a comment or a regular expression, where there is nothing to complete. */
export function cursorOf(text: string): Cursor | undefined {
  const { tokens } = tokensOf(text);
  const last = tokens.at(-1);
  const gap = text.slice(last?.end ?? 0);
  if (/\/\/[^\n]*$/.test(gap)) return undefined;
  const comment = gap.lastIndexOf("/*");
  if (comment >= 0 && gap.lastIndexOf("*/") < comment + 2) return undefined;
  if (last?.kind === "regex" && gap === "" && !/.\/[a-z]*$/s.test(last.text)) return undefined;

  const typed = typedIn(last, gap);
  const complete = typed.kind === "nothing" ? tokens : tokens.slice(0, -1);
  return { tokens: complete, typed, frames: framesOf(complete) };
}

/** The text between the quotes of a string, its escapes taken away. */
export function stringText(token: Token): string {
  return token.text.slice(1, isClosed(token) ? -1 : undefined).replace(/\\(.)/gs, "$1");
}

function typedIn(last: Token | undefined, gap: string): Cursor["typed"] {
  if (!last || gap !== "") return NOTHING_TYPED;
  if (last.kind === "word") return { kind: "word", text: last.text, quote: "" };
  if (last.kind === "string" && !isClosed(last))
    return { kind: "string", text: stringText(last), quote: last.text[0]! };
  // A template with an expression before it has no text that could be completed.
  if (last.kind === "template" && last.text.startsWith("`") && !last.text.endsWith("${") && !isClosed(last)) {
    return { kind: "string", text: stringText(last), quote: last.text[0]! };
  }
  return NOTHING_TYPED;
}

function isClosed({ text }: Token): boolean {
  const escapes = /\\*$/.exec(text.slice(0, -1))?.[0].length ?? 0;
  return text.length > 1 && text.endsWith(text[0]!) && escapes % 2 === 0;
}

function framesOf(tokens: readonly Token[]): Frame[] {
  const frames: Frame[] = [];
  tokens.forEach((token, at) => {
    const { text, kind } = token;
    const frame = frames.at(-1);
    if (kind === "template") {
      if (text.startsWith("}")) frames.pop();
      if (text.endsWith("${")) frames.push(newFrame("`", at, false));
    } else if (kind === "punctuation") {
      if (text === "(" || text === "[" || text === "{") {
        frames.push(newFrame(text, at, text === "{" && BEFORE_OBJECT.has(tokens[at - 1]?.text ?? "")));
      } else if (text === ")" || text === "]" || text === "}") frames.pop();
      else if (frame && text === ",") {
        frame.commas++;
        const before = tokens[at - 1]!;
        // Shorthand: { graceful, … }
        const key = frame.key ?? (before.kind === "word" ? before.text : undefined);
        if (frame.object && key !== undefined) frame.keys.push(key);
        frame.key = undefined;
      } else if (frame?.object && text === ":" && frame.key === undefined) frame.key = keyOf(tokens[at - 1]);
    }
  });
  return frames;
}

function newFrame(sign: Frame["sign"], at: number, object: boolean): Frame {
  return { sign, at, commas: 0, keys: [], key: undefined, object };
}

function keyOf(token: Token | undefined): string | undefined {
  if (token?.kind === "word" || token?.kind === "number") return token.text;
  return token?.kind === "string" ? stringText(token) : undefined;
}
