/** Errors as people read them: what is wrong, what to do, the entry, and a stack only on request. */
import { messageOf, WilcoError } from "../../core/errors.ts";
import { exitCodeOfError, EXIT } from "../exit-codes.ts";
import type { Output } from "./output.ts";

/** Ends a sentence with a full stop, unless it ends already. Its first letter stays: it may be a name. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || /[.!?…][")”]?$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

export function showError(output: Output, given: unknown): void {
  const error = inWordsOfCommands(given);
  const paint = output.paintErr;
  const lines = [`${paint.red("error:")} ${sentence(visible(messageOf(error)))}`];
  if (error instanceof WilcoError) {
    if (error.hint !== undefined) lines.push(`  ${sentence(visible(error.hint))}`);
    const entry = entryIdOf(error.details);
    if (entry !== undefined && !error.message.includes(String(entry)))
      lines.push(`  entry ${entry}: wilco entry show ${entry}`);
  }
  if (exitCodeOfError(error) === EXIT.internal) {
    lines.push("  This is a fault of wilco's own. Please report it with the output of the same command and --verbose.");
  }
  if (output.verbose) lines.push(...stackLines(error));
  output.warn(lines.join("\n"));
}

const REFUSED_REQUEST = /^The request can't be read, in [^:]*: (.*)$/s;

/** The server speaks of requests and their fields; who typed a command has made none, and gave values. */
function inWordsOfCommands(error: unknown): unknown {
  const problems = error instanceof WilcoError ? REFUSED_REQUEST.exec(error.message)?.[1] : undefined;
  if (!(error instanceof WilcoError) || problems === undefined) return error;
  const { code, hint, details, cause } = error;
  return new WilcoError({
    code,
    message: `The server refuses what was given: ${problems.replaceAll(/"entries\[0\]\./g, '"')}`,
    hint: hint?.includes("openapi.json") === true ? "Correct the flag or argument of that name." : hint,
    details,
    cause,
  });
}

/** Messages quote what files and other people wrote: no escape sequence of theirs reaches the terminal. */
function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is made visible here
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (one) => {
    return `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function entryIdOf(details: unknown): number | undefined {
  if (typeof details !== "object" || details === null || !("entry" in details)) return undefined;
  const entry = details.entry;
  if (typeof entry === "number") return entry;
  return typeof entry === "object" && entry !== null && "id" in entry && typeof entry.id === "number"
    ? entry.id
    : undefined;
}

function stackLines(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const lines = (error.stack ?? "").split("\n").map((line) => `  ${line}`);
  const cause: unknown = error.cause;
  return cause === undefined ? lines : [...lines, "  caused by:", ...stackLines(cause, depth + 1)];
}
