/**
 * What the guest tells of its end, checked. A script can change what these messages are made of (`toJSON` on
 * `Object.prototype`), so that any JSON may arrive: it must neither fail the host nor leave a run without an end.
 */
import type { EndMessage, ScriptError } from "./guest/wire.ts";

const SPOILED = "The script changed built-in objects that its own messages are made with";

/** How a script ended; an error of the script's when the message makes no sense. */
export function readEndMessage(json: string): EndMessage {
  const message = asObject(parsed(json));
  switch (message?.["kind"]) {
    case "completed": {
      const failures = message["unobservedFailures"];
      if (!Array.isArray(failures)) break;
      return { kind: "completed", unobservedFailures: failures.map(readScriptError) };
    }
    case "exit": {
      const exitCode = message["exitCode"];
      if (!Number.isInteger(exitCode) || (exitCode as number) < 0 || (exitCode as number) > 255) break;
      return { kind: "exit", exitCode: exitCode as number };
    }
    case "threw":
      return { kind: "threw", error: readScriptError(message["error"]), started: message["started"] !== false };
  }
  return { kind: "threw", error: spoiled(), started: true };
}

/** What a line gave, or an error that no line threw; as an error of the line `current` when it makes no sense. */
export function readLineMessage(method: "line" | "background", json: string, current: number): Record<string, unknown> {
  const message = asObject(parsed(json));
  const lastOutput = typeof message?.["lastOutput"] === "string" ? message["lastOutput"] : "";
  if (method === "background") return { error: readScriptError(message?.["error"]), lastOutput };
  const number = message?.["number"];
  if (message && typeof number === "number") {
    const value = asObject(message["value"]);
    if (message["kind"] === "value" && typeof value?.["kind"] === "string") {
      return { number, kind: "value", value, awaited: message["awaited"] === true };
    }
    if (message["kind"] === "error")
      return { number, kind: "error", error: readScriptError(message["error"]), lastOutput };
  }
  return { number: current, kind: "error", error: spoiled(), lastOutput: "" };
}

function readScriptError(value: unknown): ScriptError {
  const error = asObject(value);
  const { name, code, message, stack, hint, entry } = error ?? {};
  if (!error || [name, code, message, stack].some((text) => typeof text !== "string")) return spoiled();
  return {
    name: name as string,
    code: code as string,
    message: message as string,
    stack: stack as string,
    ...(typeof hint === "string" ? { hint } : {}),
    ...(error["details"] === undefined ? {} : { details: error["details"] }),
    ...(typeof entry === "number" ? { entry } : {}),
  };
}

function spoiled(): ScriptError {
  return {
    name: "Error",
    code: "script_failed",
    message: SPOILED,
    hint: "Look for what it sets on Object.prototype, such as toJSON.",
    stack: `Error: ${SPOILED}`,
  };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // No JSON at all: it makes no sense either.
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
