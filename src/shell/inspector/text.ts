/** Text in a terminal: how wide it is, cut and padded to a width, and nothing in it that moves the cursor. */
import { stripVTControlCharacters } from "node:util";
import stringWidth from "fast-string-width";

/** What a terminal obeys or hides: C0, DEL, C1, and the marks that turn the direction of text around. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const SHORT_ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f" };
const PLAIN = /^[\u0020-\u007e]*$/;

/** Columns that a text takes; colours take none. */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** Cut to so many columns, the last one "…" when something is missing. Not for coloured text. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 1) return "";
  let taken = "";
  let columns = 0;
  // By what people see as one character: half a flag or an accent alone is another character.
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
    columns += widthOf(segment);
    if (columns > width - 1) break;
    taken += segment;
  }
  return `${taken}…`;
}

/** Filled up with spaces to so many columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? space + text : text + space;
}

/** One line without control characters. Names and messages come from other people. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s*[\r\n]+\s*/g, " ")
    .replace(UNSAFE, (sign) => (sign === "\t" ? " " : ""));
}

/** Lines without control characters; what a carriage return would have overwritten is left out, as on a screen. */
export function safeLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").replace(/^.*\r/, "").replaceAll("\t", "    ").replace(UNSAFE, ""));
}

/** The inside of a quoted text: nothing but `mark`, `\` and what a terminal would obey is written as an escape. */
export function escaped(text: string, mark = ""): string {
  const plain = text.replaceAll("\\", "\\\\").replace(UNSAFE, escapeOf);
  return mark === "" ? plain : plain.replaceAll(mark, `\\${mark}`);
}

/** JSON text stays JSON, and a terminal stays as it is: JSON.stringify leaves C1 and direction marks alone. */
export function safeJson(json: string): string {
  return json.replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, escapeOf);
}

/** Words in lines of at most `width` columns; a longer word has a line of its own. */
export function wrapWords(words: readonly string[], width: number, separator = " "): string[] {
  const lines: string[] = [];
  let line = "";
  words.forEach((word, at) => {
    const whole = at < words.length - 1 ? word + separator.trimEnd() : word;
    if (line !== "" && widthOf(line) + 1 + widthOf(whole) > width) {
      lines.push(line);
      line = whole;
    } else line = line === "" ? whole : `${line} ${whole}`;
  });
  if (line !== "") lines.push(line);
  return lines;
}

function escapeOf(sign: string): string {
  return SHORT_ESCAPES[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
