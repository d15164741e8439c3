/**
 * What the guest tells, checked. A script can change what these messages are made of (`toJSON` on `Object.prototype`),
 * so that any JSON may arrive: it must neither fail the host nor leave a run, a line or a question without an end.
 */
import { asObject, readScriptError, spoiled } from "./guest-errors.ts";
import { readDescription, readVariables } from "./guest-values.ts";
import type { EndMessage } from "./guest/wire.ts";

const IN_A_SHELL =
  "Look for what it sets on Object.prototype, such as toJSON, or deletes; .clear starts the sandbox anew, without it.";

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
      if (!Number.isInteger(exitCode) || !isExitCode(exitCode as number)) break;
      return { kind: "exit", exitCode: exitCode as number };
    }
    case "threw":
      return { kind: "threw", error: readScriptError(message["error"]), started: message["started"] !== false };
  }
  return { kind: "threw", error: spoiled(), started: true };
}

/** The others have meanings of wilco's own. */
function isExitCode(code: number): boolean {
  return code === 0 || (code >= 10 && code <= 99);
}

/** What is to be printed; nothing when the message makes no sense. */
export function readPrint(json: string): { stream: "stdout" | "stderr"; text: string } {
  const { stream, text } = asObject(parsed(json)) ?? {};
  return { stream: stream === "stderr" ? "stderr" : "stdout", text: typeof text === "string" ? text : "" };
}

/** What a guest that is typed into tells the session. */
const TOLD = ["line", "background", "last", "variables"] as const;
export type Told = (typeof TOLD)[number];
export const isTold = (method: string): method is Told => (TOLD as readonly string[]).includes(method);

/**
 * - `line`: what the line gave, as an error of the line `current` when it makes no sense
 * - `background`: an error that no line threw
 * - `last`, `variables`: a part of the answer to the question `current`, or all of it
 */
export function readTold(method: Told, json: string, current: number): Record<string, unknown> {
  const message = asObject(parsed(json)) ?? {};
  const lastOutput = typeof message["lastOutput"] === "string" ? message["lastOutput"] : "";
  switch (method) {
    case "line":
      return readLine(message, lastOutput, current);
    case "background":
      return { error: readScriptError(message["error"]), lastOutput };
    case "variables":
      return { number: current, variables: readVariables(message["variables"]) };
    case "last": {
      const { number, piece, done, error } = message;
      if (number === current && typeof error === "string") return { number, error };
      if (number === current && typeof piece === "string") return { number, piece, done: done === true };
      return { number: current, error: spoiled().message };
    }
    default:
      return method satisfies never;
  }
}

function readLine(message: Record<string, unknown>, lastOutput: string, current: number): Record<string, unknown> {
  const { number, kind } = message;
  if (typeof number === "number") {
    const value = kind === "value" ? readDescription(message["value"]) : undefined;
    if (value) return { number, kind: "value", value, awaited: message["awaited"] === true };
    if (kind === "error") return { number, kind, error: readScriptError(message["error"]), lastOutput };
  }
  return { number: current, kind: "error", error: { ...spoiled(), hint: IN_A_SHELL }, lastOutput: "" };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // No JSON at all: it makes no sense either.
  }
}
