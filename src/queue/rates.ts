/** How many entries are filed, claimed and ended: counted here, written every ten seconds, read for all servers. */
import type { Logger } from "pino";
import { messageOf } from "../core/errors.ts";
import { randomId } from "../core/ids.ts";
import type { Database } from "../database/database.ts";
import type { Move } from "./moves.ts";

export interface Rates {
  count(move: Move): void;
  /** Entries a second over the last minute; of other servers' last ten seconds not all is known. */
  read(): Promise<{ window: number; filed: number; claimed: number; ended: number }>;
  start(): void;
  /** Writes what was counted since. */
  stop(): Promise<void>;
}

/** ms. */
const BUCKET = 10_000;
const WINDOW = 60_000;
const KEPT = 3_600_000;

interface Counts {
  filed: number;
  claimed: number;
  ended: number;
}

const none = (): Counts => ({ filed: 0, claimed: 0, ended: 0 });

export function createRates({ database, log }: { database: Database; log: Logger }): Rates {
  const server = randomId();
  let counts = none();
  let timer: NodeJS.Timeout | undefined;
  const bucketOf = (now: number) => now - (now % BUCKET);

  async function flush(): Promise<void> {
    const counted = counts;
    if (counted.filed + counted.claimed + counted.ended === 0) return;
    counts = none();
    try {
      await database.transaction(async (tx) => {
        const now = tx.now();
        await tx.query(
          `INSERT INTO throughput (server, at, filed, claimed, ended) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (at, server) DO UPDATE SET filed = throughput.filed + excluded.filed,
             claimed = throughput.claimed + excluded.claimed, ended = throughput.ended + excluded.ended`,
          [server, bucketOf(now), counted.filed, counted.claimed, counted.ended],
        );
        await tx.query("DELETE FROM throughput WHERE at < $1", [now - KEPT]);
      });
    } catch (error) {
      // A database that is away loses no work by it; the counts are written with the next ones.
      log.debug({ error: messageOf(error) }, "the rates could not be written");
      counts = add(counts, counted);
    }
  }

  return {
    count({ what }) {
      if (what === "put") counts.filed += 1;
      else if (what === "claimed") counts.claimed += 1;
      else if (what === "ended") counts.ended += 1;
    },
    async read() {
      const now = await database.transaction(async (tx) => tx.now());
      const since = bucketOf(now - WINDOW);
      const [row] = await database.query<Counts>(
        `SELECT coalesce(sum(filed), 0) AS filed, coalesce(sum(claimed), 0) AS claimed, coalesce(sum(ended), 0) AS ended
         FROM throughput WHERE at >= $1`,
        [since],
      );
      const all = add(row ?? none(), counts);
      const window = now - since;
      const rate = (count: number) => Math.round((count * 100_000) / window) / 100;
      return { window, filed: rate(all.filed), claimed: rate(all.claimed), ended: rate(all.ended) };
    },
    start() {
      timer ??= setInterval(() => void flush(), BUCKET).unref();
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}

function add(a: Counts, b: Counts): Counts {
  return { filed: a.filed + b.filed, claimed: a.claimed + b.claimed, ended: a.ended + b.ended };
}
