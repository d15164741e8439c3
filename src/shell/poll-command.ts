/** `.poll`: shows and sets the session's poll policy. */
import { WilcoError } from "../core/errors.ts";
import { describePollPolicy, layerPollPolicies, parsePollPolicy, type PollPolicy } from "../domain/poll-policy.ts";

/**
 * `delay=2s limit=30`, `delay: "2s", limit: 30`, or the same in braces.
 * @throws WilcoError `invalid_policy`.
 */
export function parsePollText(text: string): Partial<PollPolicy> {
  const inside = text.trim().replace(/^\{([^]*)\}$/, "$1");
  const policy: Record<string, unknown> = {};
  const pair = /^[\s,]*([\w-]+)\s*[=:]\s*("[^"]*"|'[^']*'|[^\s,]+)/;
  let rest = inside;
  while (rest.trim().replace(/^,/, "") !== "") {
    const found = pair.exec(rest);
    if (!found) {
      throw new WilcoError({
        code: "invalid_policy",
        message: `${JSON.stringify(rest.trim())} is no part of a poll policy`,
        hint: "Write .poll delay=2s limit=30",
      });
    }
    const [whole, key = "", value = ""] = found;
    policy[key] = valueOf(value.replace(/^(["'])(.*)\1$/, "$2"));
    rest = rest.slice(whole.length);
  }
  return parsePollPolicy(policy);
}

/** "every 1s, until it ends" with what the session sets itself. */
export function describeSessionPoll(policy: Partial<PollPolicy>): string {
  const whole = layerPollPolicies(policy);
  const own = Object.keys(policy);
  const told = `Poll policy: ${describePollPolicy(whole)}; at the limit: ${whole.onLimit}.`;
  return own.length === 0
    ? `${told}\n  The default. Set it with: .poll delay=2s limit=30   (options of a call come before it)`
    : `${told}\n  Set here: ${own.join(", ")}. Back to the start: .poll reset`;
}

function valueOf(text: string): unknown {
  if (text === "Infinity") return Infinity;
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
