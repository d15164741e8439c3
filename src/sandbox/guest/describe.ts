/** An error as plain data, made inside the VM: reading a hostile error's properties may run the script's code. */
import { isErrorCode } from "../../core/errors.ts";
import { inspect } from "./inspect.ts";
import type { ScriptError } from "./wire.ts";

const MAX_TEXT = 16_384;
const MAX_DETAILS = 65_536;
const MAX_FRAMES = 50;
const MAX_CAUSES = 4;

/** Never throws. */
export function describeError(thrown: unknown): ScriptError {
  // The test itself runs code of the script when a proxy was thrown.
  if (!read(() => thrown instanceof Error, false)) {
    const shown = read(() => inspect(thrown), "something that can't be shown").slice(0, MAX_TEXT);
    const message = `The script threw ${shown}`;
    const hint = "Throw an Error: it knows its line.";
    return { name: "Error", code: "script_failed", message, hint, stack: message };
  }
  const error = thrown as Error & { code?: unknown; hint?: unknown; details?: unknown; entry?: unknown };
  const name = text(() => error.name) || "Error";
  const message = text(() => error.message);
  const code = read(() => error.code, undefined);
  const described: ScriptError = {
    name,
    code: isErrorCode(code) ? code : "script_failed",
    message,
    stack: stackOf(error, name, message),
  };
  const hint = text(() => error.hint);
  if (hint !== "") described.hint = hint;
  const details = read(() => JSON.stringify(error.details), undefined);
  if (details !== undefined && details.length <= MAX_DETAILS) described.details = JSON.parse(details);
  const entry = read(() => (error.entry as { id?: unknown } | undefined)?.id, undefined);
  if (typeof entry === "number") described.entry = entry;
  return described;
}

/** The frames of the script, innermost first; those of wilco's own modules are left out. */
export function scriptFrames(stack: string): string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !line.includes("wilco:") && !line.includes("<boot>"))
    .map((line) => `    ${line.trim()}`);
}

/** "Name: message", the frames, and the causes. */
export function stackOf(error: Error, name: string, message: string): string {
  const lines = [message === "" ? name : `${name}: ${message}`, ...framesOf(error)];
  let cause: unknown = read(() => error.cause, undefined);
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined; depth++) {
    const inner = cause as Error;
    if (!read(() => inner instanceof Error, false)) {
      lines.push(`  caused by ${read(() => inspect(inner), "something that can't be shown")}`);
      break;
    }
    lines.push(`  caused by ${text(() => inner.name)}: ${text(() => inner.message)}`, ...framesOf(inner));
    cause = read(() => inner.cause, undefined);
  }
  return lines.join("\n");
}

function framesOf(error: Error): string[] {
  const frames = scriptFrames(text(() => error.stack, 1_000_000));
  if (frames.length <= MAX_FRAMES) return frames;
  return [...frames.slice(0, MAX_FRAMES), `    … ${frames.length - MAX_FRAMES} more`];
}

function text(get: () => unknown, max = MAX_TEXT): string {
  const value = read(get, "");
  return typeof value === "string" ? value.slice(0, max) : "";
}

function read<T>(get: () => T, otherwise: T): T {
  try {
    return get();
  } catch {
    return otherwise; // The script's own getter threw: the rest of the error is still worth telling.
  }
}
