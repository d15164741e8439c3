/** What JSON can't hold and the bridge needs: Infinity in poll policies. Both ends use it. */
import type { PollPolicy } from "../../domain/poll-policy.ts";

/** A policy as it crosses: Infinity is written "infinite". */
export type WirePolicy = { [key in keyof PollPolicy]?: PollPolicy[key] | "infinite" };

export function packPolicy(policy: Partial<PollPolicy>): WirePolicy {
  return Object.fromEntries(
    Object.entries(policy).map(([key, value]) => [key, value === Infinity ? "infinite" : value]),
  );
}

export function unpackPolicy(policy: WirePolicy): Partial<PollPolicy> {
  return Object.fromEntries(
    Object.entries(policy).map(([key, value]) => [key, value === "infinite" ? Infinity : value]),
  );
}

/**
 * The answer of a call: its id, how it went, the value or the ErrorBody, and how many characters of the texts are its own.
 * 0 badly, 1 well, 2 news of a call that goes on.
 */
export type Settlement = [id: number, how: 0 | 1 | 2, value: unknown, characters?: number];

/** Settlements as they cross: the JSON of the list with its length before it, then the texts as they are. */
export function packSettlements(items: readonly string[], texts: readonly string[]): string {
  const list = `[${items.join(",")}]`;
  return `${list.length} ${list}${texts.join("")}`;
}

// Kept from the start: a script that declares or replaces one of these changes its own view, not this one.
const { call } = Function.prototype;
const indexOf = call.bind(String.prototype.indexOf) as (text: string, what: string) => number;
const slice = call.bind(String.prototype.slice) as (text: string, from: number, to: number) => string;
const { parse } = JSON;

/** @returns the settlements, and what takes the text of so many characters that comes next. */
export function unpackSettlements(packed: string): [Settlement[], nextText: (characters: number) => string] {
  const start = indexOf(packed, " ") + 1;
  let at = start + +slice(packed, 0, start);
  const settlements = parse(slice(packed, start, at)) as Settlement[];
  return [settlements, (characters) => slice(packed, at, (at += characters))];
}

/** How a run starts, as the guest gets it. */
export interface StartMessage {
  /** Module name of the script; null for a session that is typed line by line. */
  entry: string | null;
  args: string[];
  /** The variables that are set, of those that it may read. */
  env: Record<string, string>;
  /** Names of the variables that it may read, set or not. Default: those in `env`. */
  allowedEnv?: readonly string[];
  pollDefaults: WirePolicy;
  requireWorker: number | null;
}

/** An error that ended or was left by a script, as plain data. */
export interface ScriptError {
  name: string;
  /** A wilco code, or "script_failed" for the script's own errors. */
  code: string;
  message: string;
  hint?: string;
  details?: unknown;
  /** "Name: message" and the frames of the script, `    at f (deploy.ts:12:5)`. */
  stack: string;
  /** Id of the audit entry that the error is about. */
  entry?: number;
}

/** How a script ended, as the guest tells it. */
export type EndMessage =
  | { kind: "completed"; unobservedFailures: ScriptError[] }
  | { kind: "exit"; exitCode: number }
  | { kind: "threw"; error: ScriptError; started: boolean };
