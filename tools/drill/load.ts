/** What is asked of the servers meanwhile: batches of calls, each awaited to its end, as a client does it. */
import type { Api } from "../../src/client/api.ts";
import { isTerminal, type Status } from "../../src/domain/status.ts";
import { createRandom } from "./random.ts";

export interface Call {
  id: number;
  operation: "once" | "again" | "look";
  lines: number;
}

export interface Load {
  /** What was filed, by entry. */
  calls: Map<number, Call>;
  /** What the client was told of each. */
  told: Map<number, Status>;
}

export interface LoadOptions {
  api: Api;
  seed: number;
  /** Whether more is to be asked, after so many. */
  more: (filed: number) => boolean;
  resources: readonly string[];
  /** Longest run of an operation, ms. */
  longest: number;
  /** Clients at once, each with a batch of so many calls under way. Default 10 and 25. */
  clients?: number | undefined;
  batch?: number | undefined;
  signal: AbortSignal;
  onProgress: (done: number) => void;
}

/**
 * @param load is filled on the way, so that there is something to look at when it fails.
 * @throws WilcoError when a call fails for good: in a drill, none may. `interrupted` by the signal.
 */
export async function runLoad(options: LoadOptions, load: Load): Promise<void> {
  const { clients = 10, batch = 25 } = options;
  let next = 0;
  const lane = async () => {
    while (options.more(next)) {
      const first = next;
      next += batch;
      await runBatch(options, load, first, next);
    }
  };
  await Promise.all(Array.from({ length: clients }, lane));
}

async function runBatch(options: LoadOptions, load: Load, first: number, end: number): Promise<void> {
  const { api, seed, signal } = options;
  const calls = Array.from({ length: end - first }, (_, index) => makeCall(options, first + index));
  const answer = await api.submit({ entries: calls.map(({ submission }) => submission) }, `drill-${seed}-${first}`);
  const open = new Map<number, number>();
  answer.entries.forEach((outcome, index) => {
    if ("error" in outcome) throw new Error(`a call was refused: ${outcome.error.message}`);
    const { id, status, lastEvent } = outcome.entry;
    load.calls.set(id, calls[index]!.call);
    // A submit that had to be repeated is answered with entries that may have ended meanwhile.
    if (isTerminal(status)) load.told.set(id, status);
    else open.set(id, lastEvent);
  });
  while (open.size > 0) {
    const entries = [...open].map(([id, seen]) => ({ id, seen }));
    const { entries: changes } = await api.poll({ entries, wait: 5_000, until: "end" }, { signal });
    for (const change of changes) {
      if ("error" in change) throw new Error(`entry ${change.id}: ${change.error.message}`);
      const { status, lastEvent } = change.entry;
      open.set(change.id, lastEvent);
      if (!isTerminal(status)) continue;
      open.delete(change.id);
      load.told.set(change.id, status);
    }
    options.onProgress(load.told.size);
  }
}

function makeCall({ seed, resources, longest }: LoadOptions, id: number) {
  // Its own numbers: which lane makes a call is not the seed's to say.
  const random = createRandom(seed * 1_000_003 + id);
  const operation = random.pick(["once", "once", "again", "again", "look"] as const);
  const kind = random.next();
  const ms = kind < 0.9 ? random.between(0, 60) : random.between(60, kind < 0.99 ? longest / 4 : longest);
  const lines = random.pick([0, 0, 1, 5]);
  const call: Call = { id, operation, lines };
  return { call, submission: { resource: random.pick(resources), operation, parameters: { id, ms, lines } } };
}
