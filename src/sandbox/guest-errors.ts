/** Errors as the guest tells them, checked; and the one that stands for a message which makes no sense. */
import { isErrorCode } from "../core/errors.ts";
import { nested } from "./guest/checks.ts";
import type { ScriptError } from "./guest/wire.ts";

const SPOILED = "The script changed built-in objects that its own messages are made with";

/** What is deeper can't be printed. */
const notTooDeep = nested(100);

export function readScriptError(value: unknown): ScriptError {
  const error = asObject(value);
  const { name, code, message, stack, hint, entry } = error ?? {};
  if (!error || [name, code, message, stack].some((text) => typeof text !== "string")) return spoiled();
  return {
    name: name as string,
    // The exit code follows from it: only those that there are.
    code: isErrorCode(code) ? code : "script_failed",
    message: message as string,
    stack: stack as string,
    ...(typeof hint === "string" ? { hint } : {}),
    ...(error["details"] === undefined || notTooDeep(error["details"], "") !== undefined
      ? {}
      : { details: error["details"] }),
    ...(Number.isSafeInteger(entry) && (entry as number) > 0 ? { entry: entry as number } : {}),
  };
}

/** @param why what wilco's own part of the VM ran into, if it is known. */
export function spoiled(why = ""): ScriptError {
  const message = why === "" ? SPOILED : `${SPOILED} (${why.slice(0, 200)})`;
  return {
    name: "Error",
    code: "script_failed",
    message,
    hint: "Look for what it sets on Object.prototype, such as toJSON, or deletes; if it changes nothing, please report it.",
    stack: `Error: ${message}`,
  };
}

export function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
