/** Texts as values: quoted on one line, or several lines set apart by a bar. */
import { bar } from "./card.ts";
import type { Paint } from "./paint.ts";
import { escaped, safeLines } from "./text.ts";

export interface StringOptions {
  paint: Paint;
  /** Several lines as such, instead of one with escapes. */
  blocks: boolean;
  /** Levels around it. */
  depth: number;
}

/** By its level: the text that was asked for is shown as far as it was described, one that is deep in something is not. */
const MOST_CHARACTERS = [Infinity, 4_000, 200] as const;
const MOST_LINES = [Infinity, 50, 10] as const;

/** A block of lines begins with a line break. @param length of the whole text, of which `text` is the beginning. */
export function renderString(text: string, length: number, { paint, blocks, depth }: StringOptions): string {
  const shown = beginning(text, Math.min(depth, MOST_LINES.length - 1));
  const left = length - shown.length;
  const rest = left > 0 ? paint("dim", `… ${left.toLocaleString("en")} more characters`) : "";
  const lines = safeLines(shown);
  if (blocks && lines.length > 1) return ["", ...bar(lines, paint, ""), ...(rest === "" ? [] : [rest])].join("\n");
  const mark = ['"', "'", "`"].find((one) => !shown.includes(one)) ?? '"';
  const quoted = paint("green", `${mark}${escaped(shown, mark)}${mark}`);
  return rest === "" ? quoted : `${quoted} ${rest}`;
}

function beginning(text: string, level: number): string {
  const shown = text.slice(0, MOST_CHARACTERS[level]);
  const most = MOST_LINES[level]!;
  let end = -1;
  for (let line = 0; line < most; line++) {
    end = shown.indexOf("\n", end + 1);
    if (end < 0) return shown;
  }
  return shown.slice(0, end + 1);
}
