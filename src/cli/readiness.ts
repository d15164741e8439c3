/** Whether a server answers and is ready. */
import { overNetwork } from "../core/http/over-network.ts";
import { paths } from "../protocol/paths.ts";

const ANSWER_LIMIT_MS = 2_000;

/** "not ready" is what the server says itself: it stops, or its database does not answer. */
export type Readiness = "ready" | "not ready" | "no answer";

/** Not by fetch, which refuses some ports that a server may have (6667). */
export async function readinessOf(url: string): Promise<Readiness> {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const asked = { method: "GET", url: `${url}${paths.ready}`, headers: {}, body: undefined, signal } as const;
    const { status } = await overNetwork(asked);
    if (status === 503) return "not ready";
    return status === 200 ? "ready" : "no answer";
  } catch {
    return "no answer"; // nobody there, or not yet
  }
}
