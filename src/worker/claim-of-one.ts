/** Claims of a worker that runs one entry by hand. */
import { randomId } from "../core/ids.ts";
import type { WorkerApi } from "./api.ts";
import type { Claims } from "./claims.ts";
import type { Session } from "./session.ts";
import type { Work } from "./work.ts";

/**
 * Claims one entry, once, under the same rules as all claims.
 * @param onDone it was taken, and has ended.
 * @param onRefused it can't be claimed, with the reason.
 */
export function createClaimOfOne(
  { api, session, work }: { api: WorkerApi; session: Session; work: Pick<Work, "take" | "idle"> },
  entry: number,
  { onDone, onRefused }: { onDone: () => void; onRefused: (error: unknown) => void },
): Claims {
  const stopping = new AbortController();
  let claiming: Promise<void> | undefined;

  async function claim(): Promise<void> {
    const body = { claimId: randomId(), slots: 1, wait: 0, entry };
    const ask = (id: string) => api.claim(id, body, { signal: stopping.signal });
    const { assignments } = await session.call("claim", ask, stopping.signal);
    for (const assignment of assignments) work.take(assignment);
    void work.idle().then(onDone);
  }

  return {
    start() {
      claiming ??= claim().catch((error: unknown) => {
        if (!stopping.signal.aborted) onRefused(error);
      });
    },
    wake() {},
    carry: () => undefined,
    carried() {},
    async stop() {
      stopping.abort();
      await claiming;
    },
  };
}
