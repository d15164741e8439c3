/**
 * How a wait looks at the audit trail: delay before each look, at most `limit` looks, growing delays, a bound on the
 * whole wait, and what to do at the limit. Pure: the poller drives it with a clock.
 */
import { formatDuration, parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";

/** As people write it. Durations are texts with units. */
export interface PollPolicyInput {
  /** Before each look. Default "1s". */
  delay?: string;
  /** Looks at most; Infinity (or "infinite") = until it ends. Default Infinity. */
  limit?: number | "infinite";
  /** Factor on the delay after each look, ≥ 1. Default 1. */
  backoff?: number;
  /** The longest delay that backoff may reach. Default: no cap. */
  maxDelay?: string;
  /** Share of each delay that is random, 0–1. Default 0. */
  jitter?: number;
  /** Bound on the whole wait. Default: none. */
  waitTimeout?: string;
  /** "throw" PollLimitReached (default) or "return" the entry as it stands. The operation goes on either way. */
  onLimit?: "throw" | "return";
}

/** As the code has it: ms, Infinity where there is no bound. */
export interface PollPolicy {
  delay: number;
  limit: number;
  backoff: number;
  maxDelay: number;
  jitter: number;
  waitTimeout: number;
  onLimit: "throw" | "return";
}

export const DEFAULT_POLL_POLICY: Readonly<PollPolicy> = Object.freeze({
  delay: 1_000,
  limit: Infinity,
  backoff: 1,
  maxDelay: Infinity,
  jitter: 0,
  waitTimeout: Infinity,
  onLimit: "throw",
});

const KEYS = ["delay", "limit", "backoff", "maxDelay", "jitter", "waitTimeout", "onLimit"] as const;
/** Delays below this are a busy loop, not a policy. */
const MIN_DELAY = 1;

/**
 * Checks one policy as written. Missing keys stay missing, so that policies can be layered.
 * @throws WilcoError `invalid_policy`: unknown key, negative delay, limit 0, number without a unit …
 */
export function parsePollPolicy(input: unknown): Partial<PollPolicy> {
  if (input === undefined || input === null) return {};
  if (typeof input !== "object" || Array.isArray(input)) {
    throw invalid("the poll policy is not an object", 'Write { delay: "2s", limit: 30 }.');
  }
  const policy: Partial<PollPolicy> = {};
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue;
    switch (key) {
      case "delay":
      case "maxDelay":
      case "waitTimeout":
        policy[key] = value === Infinity && key !== "delay" ? Infinity : duration(key, value);
        break;
      case "limit":
        policy.limit = limit(value);
        break;
      case "backoff":
        policy.backoff = number(key, value, 1, 1_000);
        break;
      case "jitter":
        policy.jitter = number(key, value, 0, 1);
        break;
      case "onLimit":
        if (value !== "throw" && value !== "return") {
          throw invalid(`onLimit is ${JSON.stringify(value)}`, 'Write "throw" or "return".');
        }
        policy.onLimit = value;
        break;
      default: {
        const near = nearest(key, KEYS);
        throw invalid(
          `the poll policy has no "${key}"`,
          near ? `Did you mean "${near}"?` : `It takes ${KEYS.join(", ")}.`,
        );
      }
    }
  }
  return policy;
}

/** Layers policies, the first given wins key by key: call, with(), flags, profile, descriptor; then the default. */
export function layerPollPolicies(...layers: Array<Partial<PollPolicy> | undefined>): PollPolicy {
  const policy: PollPolicy = { ...DEFAULT_POLL_POLICY };
  for (const layer of layers.toReversed()) if (layer) Object.assign(policy, layer);
  return policy;
}

/** What of a policy is not the default: `layerPollPolicies` of it is the policy again. */
export function ownPollPolicy(policy: PollPolicy): Partial<PollPolicy> {
  const own: Partial<PollPolicy> = {};
  for (const key of KEYS) if (policy[key] !== DEFAULT_POLL_POLICY[key]) Object.assign(own, { [key]: policy[key] });
  return own;
}

/** The delay before look number `look` (1 is the first), in ms. */
export function pollDelay(policy: PollPolicy, look: number, random: () => number = Math.random): number {
  const grown = policy.backoff === 1 ? policy.delay : policy.delay * policy.backoff ** (look - 1);
  const capped = Math.min(grown, Math.max(policy.maxDelay, MIN_DELAY), 2 ** 31 - 1);
  return Math.max(MIN_DELAY, Math.round(capped * (1 - policy.jitter * random())));
}

/** "every 1s, at most 30 looks, for at most 5m" */
export function describePollPolicy(policy: PollPolicy): string {
  const parts = [`every ${formatDuration(policy.delay)}`];
  if (policy.backoff !== 1) parts.push(`×${policy.backoff} each time`);
  if (policy.maxDelay !== Infinity) parts.push(`up to ${formatDuration(policy.maxDelay)}`);
  parts.push(policy.limit === Infinity ? "until it ends" : `at most ${policy.limit} looks`);
  if (policy.waitTimeout !== Infinity) parts.push(`for at most ${formatDuration(policy.waitTimeout)}`);
  return parts.join(", ");
}

function duration(key: string, value: unknown): number {
  try {
    const ms = parseDuration(value, key);
    if (ms < MIN_DELAY) throw invalid(`${key} is ${JSON.stringify(value)}`, "The shortest is 1ms.");
    return ms;
  } catch (error) {
    if (error instanceof WilcoError && error.code === "invalid_request") throw invalid(error.message, error.hint);
    throw error;
  }
}

function limit(value: unknown): number {
  if (value === Infinity || value === "infinite") return Infinity;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw invalid(`limit is ${JSON.stringify(value)}`, "Write a whole number of looks from 1, or Infinity.");
}

function number(key: string, value: unknown, min: number, max: number): number {
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw invalid(`${key} is ${JSON.stringify(value)}`, `Write a number from ${min} to ${max}.`);
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_policy", message, hint });
}
