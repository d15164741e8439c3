/** The flags of the poll policy, the same on every command that waits. */
import type { Command } from "commander";
import { WilcoError } from "../core/errors.ts";
import { parsePollPolicy, type PollPolicy } from "../domain/poll-policy.ts";

export interface PollFlags {
  pollDelay?: string;
  pollLimit?: string;
  pollInfinite?: boolean;
  pollBackoff?: string;
  pollMaxDelay?: string;
  pollOnLimit?: string;
  waitTimeout?: string;
}

export function addPollOptions(command: Command): Command {
  return command
    .option("--poll-delay <duration>", "before each look at the audit trail (default 1s)")
    .option("--poll-limit <looks>", "looks at most; the operation goes on (exit 124)")
    .option("--poll-infinite", "look until it ends (the default)")
    .option("--poll-backoff <factor>", "multiply the delay after each look")
    .option("--poll-max-delay <duration>", "the longest delay that the backoff may reach")
    .option("--poll-on-limit <throw|return>", "what an await does at the limit (default throw)")
    .option("--wait-timeout <duration>", "bound on the whole wait; the operation goes on (exit 124)");
}

/** @throws WilcoError `invalid_policy` in the words of the flags. */
export function pollPolicyOfFlags(flags: PollFlags): Partial<PollPolicy> {
  if (flags.pollInfinite === true && flags.pollLimit !== undefined) {
    throw new WilcoError({
      code: "invalid_policy",
      message: "--poll-infinite and --poll-limit exclude each other",
      hint: "Leave one of them out.",
    });
  }
  return {
    ...flag("--poll-delay", "delay", flags.pollDelay),
    ...flag("--poll-limit", "limit", flags.pollInfinite === true ? "infinite" : numeric(flags.pollLimit)),
    ...flag("--poll-backoff", "backoff", numeric(flags.pollBackoff)),
    ...flag("--poll-max-delay", "maxDelay", flags.pollMaxDelay),
    ...flag("--poll-on-limit", "onLimit", flags.pollOnLimit),
    ...flag("--wait-timeout", "waitTimeout", flags.waitTimeout),
  };
}

/** Flags above the profile, without the defaults that would hide an operation's own policy. */
export function layerPollFlags(flags: Partial<PollPolicy>, profile: Partial<PollPolicy>): Partial<PollPolicy> {
  return { ...profile, ...flags };
}

function flag(name: string, key: keyof PollPolicy, value: unknown): Partial<PollPolicy> {
  if (value === undefined) return {};
  try {
    return parsePollPolicy({ [key]: value });
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    const message = error.message.startsWith(key)
      ? name + error.message.slice(key.length)
      : `${name}: ${error.message}`;
    throw new WilcoError({ code: error.code, message, hint: error.hint, cause: error });
  }
}

/** A number where it reads as one, so that the policy's own check names what else was typed. */
function numeric(text: string | undefined): unknown {
  return text !== undefined && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
