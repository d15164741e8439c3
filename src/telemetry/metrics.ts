/** What Prometheus scrapes: counted from what happens here, looked up when asked for what only the database knows. */
import type { QueueStats } from "../domain/queue.ts";
import type { Worker } from "../domain/worker.ts";
import type { Move } from "../queue/moves.ts";
import type { Recorder } from "./prometheus.ts";

/** What is looked up for a scrape. */
export interface Gauges {
  stats: QueueStats;
  workers: readonly Worker[];
  /** Requests that this server holds open. */
  held: { claims: number; polls: number };
  /** ms of a round trip to the database. */
  roundTrip: number;
}

export interface Metrics {
  count(move: Move): void;
  /** In Prometheus' text format. */
  text(): Promise<{ contentType: string; text: string }>;
  stop(): void;
}

/** ms after the start at which the library is loaded: not while a server becomes ready, nor for one that ends at once. */
const LOAD_AFTER = 1_000;
/** What happens until then is kept; of a burst beyond this, the counts begin later. */
const MOST_KEPT = 100_000;

export function createMetrics({ look }: { look: () => Promise<Gauges> }): Metrics {
  let early: Move[] = [];
  let recorder: Recorder | undefined;
  let loading: Promise<Recorder> | undefined;
  const timer = setTimeout(() => void load(), LOAD_AFTER).unref();

  function load(): Promise<Recorder> {
    loading ??= import("./prometheus.ts").then(({ createRecorder }) => {
      recorder = createRecorder();
      for (const move of early) recorder.count(move);
      early = [];
      return recorder;
    });
    return loading;
  }

  return {
    count(move) {
      if (recorder) recorder.count(move);
      else if (early.length < MOST_KEPT) early.push(move);
    },
    async text() {
      const [loaded, gauges] = await Promise.all([load(), look()]);
      return loaded.text(gauges);
    },
    stop: () => clearTimeout(timer),
  };
}
