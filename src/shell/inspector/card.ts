/** Cards: a headline, and a line for each thing there is to know. */
import type { Paint } from "./paint.ts";
import { oneLine, pad, wrapWords } from "./text.ts";

export interface Field {
  name: string;
  /** Lines; nothing = the field is left out. */
  lines: string[];
}

const INDENT = "  ";
/** What the names of fields and the space around them take at most. */
const NAME_COLUMNS = 16;

/** A field of one line, cleaned; left out when there is nothing in it. */
export function field(name: string, value: string | null | undefined, paint?: (text: string) => string): Field {
  const text = value === null || value === undefined ? "" : oneLine(value);
  return { name, lines: text === "" ? [] : [paint ? paint(text) : text] };
}

/** A field of many words, in as many lines as they take. */
export function wordsField(
  name: string,
  words: readonly string[],
  width: number,
  { separator = " ", paint = (text: string) => text } = {},
): Field {
  const room = Math.max(10, width - NAME_COLUMNS);
  return { name, lines: wrapWords(words.map(oneLine), room, separator).map(paint) };
}

/** A field of prose. */
export function textField(
  name: string,
  text: string | null | undefined,
  width: number,
  paint?: (text: string) => string,
): Field {
  const words =
    text === null || text === undefined
      ? []
      : oneLine(text)
          .split(/\s+/)
          .filter((word) => word !== "");
  return wordsField(name, words, width, paint ? { paint } : {});
}

export function renderCard(headline: string, fields: readonly Field[], paint: Paint): string {
  const shown = fields.filter(({ lines }) => lines.length > 0);
  const width = shown.reduce((most, { name }) => Math.max(most, name.length), 0);
  const lines = shown.flatMap(({ name, lines: [first = "", ...rest] }) => [
    `${INDENT}${paint("dim", pad(name, width))}  ${first}`,
    ...rest.map((line) => `${INDENT}${" ".repeat(width)}  ${line}`),
  ]);
  return [headline, ...lines].join("\n");
}

/** Lines of somebody else's text, set apart by a bar. */
export function bar(lines: readonly string[], paint: Paint, indent = INDENT): string[] {
  return lines.map((line) => `${indent}${paint("dim", "│")} ${line}`.trimEnd());
}
