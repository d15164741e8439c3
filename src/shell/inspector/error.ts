/** Errors: what is wrong, the user's own line, what to do, and what the operation wrote last. */
import type { ScriptError } from "../../sandbox/guest/wire.ts";
import { bar } from "./card.ts";
import type { Paint } from "./paint.ts";
import { cut, oneLine, safeLines, widthOf, wrapWords } from "./text.ts";

export interface ErrorOptions {
  width: number;
  paint: Paint;
  /** The text of a module or line that a frame names. */
  sourceOf: (file: string) => string | undefined;
}

interface Frame {
  /** The function, or "". */
  name: string;
  file: string;
  line: number;
  column: number | undefined;
}

const FRAMES = 6;
const MAX_MESSAGE_LINES = 20;

export function renderError(error: ScriptError, lastOutput: string, options: ErrorOptions): string {
  const { paint } = options;
  const [first = "", ...more] = safeLines(error.message);
  // Errors of wilco's own are sentences, and known by their code; others by their class.
  const own = error.name === "WilcoError";
  const name = own ? "error" : oneLine(error.name);
  const [head = "", ...wrapped] = wrapText(`${name}${first === "" ? "" : `: ${first}`}`, options.width);
  const lines = [`${paint("red", head.slice(0, name.length + 1))}${head.slice(name.length + 1)}`];
  lines.push(...wrapped.map((line) => `  ${line}`), ...more.slice(0, MAX_MESSAGE_LINES).map((line) => `  ${line}`));
  if (own) lines.push(`${lines.pop()!}  ${paint("dim", `(${oneLine(error.code)})`)}`);
  const { frames, rest } = readStack(error);
  lines.push(...excerptOf(frames, options), ...rest.map((line) => `  ${paint("dim", line)}`));
  const { hint = "", entry } = error;
  // What the command line would say; here the entry is a line away.
  if (hint !== "" && !hint.startsWith('See "wilco entry show')) {
    const sentences = safeLines(hint).flatMap((line) => wrapText(line, options.width));
    lines.push(...sentences.map((line) => `  ${paint("cyan", line)}`));
  }
  if (lastOutput !== "") lines.push(`  ${paint("dim", "last output:")}`, ...bar(safeLines(lastOutput), paint));
  if (entry !== undefined && !hint.includes(`history.wait(${entry})`)) {
    lines.push(`  ${paint("cyan", `await history.get(${entry})`)} ${paint("dim", "shows the entry")}`);
  }
  return lines.join("\n");
}

/** Lines that fit behind an indent of two; the indent of the first is kept free. */
function wrapText(text: string, width: number): string[] {
  return wrapWords(text.split(" "), Math.max(20, width - 2));
}

/** Inside another value: "[TypeError: x is not a function]". */
export function errorInline(error: ScriptError, paint: Paint): string {
  return paint("red", `[${oneLine(`${error.name}: ${error.message}`)}]`);
}

/** The frames of the error itself, and the lines of its causes as they are. */
function readStack({ stack, message }: ScriptError): { frames: Frame[]; rest: string[] } {
  const lines = stack.split("\n").slice(1);
  const cause = lines.findIndex((line) => line.startsWith("  caused by "));
  const own = cause < 0 ? lines : lines.slice(0, cause);
  const causes = cause < 0 ? [] : lines.slice(cause);
  // An error that was given the script's line is its own cause.
  const repeated = message !== "" && causes[0]?.endsWith(`: ${message}`) && causes.length === 1;
  return {
    frames: own.map(frameOf).filter((frame) => frame !== undefined),
    rest: repeated ? [] : causes.map((line) => oneLine(line).trimEnd().replace(/^ {2}/, "")),
  };
}

/** `    at restart (deploy.ts:12:5)`, `    at shell:3:1`; engines leave out what they do not know. */
function frameOf(line: string): Frame | undefined {
  const match = /^\s*at (?:(.*?) \()?(.+?):(\d+)(?::(\d+))?\)?$/.exec(line.trimEnd());
  if (!match) return undefined;
  const [, name = "", file = "", row = "", column] = match;
  return {
    name: name.startsWith("<") ? "" : oneLine(name.replace(/^async /, "")),
    file: oneLine(file),
    line: Number(row),
    column: column === undefined ? undefined : Number(column),
  };
}

/** The place of the innermost frame with its line of source and a mark under the column; the others as a list. */
function excerptOf(frames: readonly Frame[], { paint, sourceOf, width }: ErrorOptions): string[] {
  const [inner, ...outer] = frames;
  if (!inner) return [];
  const lines = [`  ${paint("dim", `at ${placeOf(inner)}`)}`];
  const source = sourceOf(inner.file)?.split("\n")[inner.line - 1];
  if (source !== undefined && source.trim() !== "") {
    const number = String(inner.line);
    // A long line is shown around its column.
    const room = Math.max(20, width - number.length - 8);
    const text = safeLines(source)[0] ?? "";
    const at = Math.min((inner.column ?? 1) - 1, text.length);
    const start = widthOf(text) <= room || at < room - 10 ? 0 : Math.max(0, at - Math.floor(room / 2));
    const shown = cut((start > 0 ? "…" : "") + text.slice(start > 0 ? start + 1 : 0), room);
    lines.push(`    ${paint("dim", `${number} │`)} ${shown}`);
    if (inner.column !== undefined) {
      const before = " ".repeat(widthOf(shown.slice(0, at - start)));
      lines.push(`    ${paint("dim", `${" ".repeat(number.length)} │`)} ${before}${paint("red", "^")}`);
    }
  }
  for (const frame of outer.slice(0, FRAMES)) lines.push(`  ${paint("dim", `at ${placeOf(frame)}`)}`);
  if (outer.length > FRAMES) lines.push(`  ${paint("dim", `… ${outer.length - FRAMES} more frames`)}`);
  return lines;
}

function placeOf({ name, file, line, column }: Frame): string {
  const place = `${file}:${line}${column === undefined ? "" : `:${column}`}`;
  return name === "" ? place : `${name} (${place})`;
}
