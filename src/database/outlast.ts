/** Repeats what a lost connection broke off and certainly did not carry out, until the database is back or time is up. */
import { backoffDelay } from "../core/backoff.ts";
import type { Engine } from "./sql.ts";

/** ms; below the deadline that clients give a request (10 s), so that they hear what happened. */
const PATIENCE = 5_000;
const BACKOFF = { first: 20, max: 500 };

/** @param maybeDone whether the failed attempt may have been carried out: then it is not repeated. */
export async function outlast<T>(
  engine: Pick<Engine, "isGone" | "explain">,
  attempt: () => Promise<T>,
  maybeDone: () => boolean,
): Promise<T> {
  const until = performance.now() + PATIENCE;
  for (let retry = 0; ; retry++) {
    try {
      return await attempt();
    } catch (error) {
      if (!engine.isGone(error)) throw engine.explain(error);
      if (maybeDone()) throw engine.explain(error);
      if (performance.now() >= until) throw engine.explain(error, false);
      await new Promise((resolve) => setTimeout(resolve, backoffDelay(retry, BACKOFF)));
    }
  }
}
