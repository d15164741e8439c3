/**
 * P: what a person would build instead of wilco. pg-boss on PostgreSQL: `send`, `work` in a process of its own with
 * notify, the result fetched by looking at many ids with one query. As a worker process: `node pg-boss.mjs worker URL`.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { PgBoss } from "pg-boss";
import { median, percentile } from "./statistics.mjs";

const QUEUE = "noop";
/**
 * 16 slots, as one loop that takes 16 jobs at a time. Four loops of 4 and two of 8 were tried and were slower at the
 * burst; 16 loops of 1 can't fetch on while there is more.
 */
const WORK = {
  localConcurrency: Number(process.env.BENCH_LOOPS ?? 1),
  batchSize: Number(process.env.BENCH_BATCH ?? 16),
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
};
/** Looks while few jobs are out follow each other at once, for the best latency; while many are, every 50 ms. */
const FEW = 100;
const DELAY_OF_MANY = 50;

async function startBoss(url) {
  // Sends of a burst queue up for the pool's connections; its own limit of 10 s would fail the last of 10,000.
  const boss = new PgBoss({ connectionString: url, useListenNotify: true, max: 16, connectionTimeoutMillis: 120_000 });
  boss.on("error", (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  return boss;
}

/** Resolves ids to outputs with one query for all of them. */
function createPoller(pool) {
  const waiting = new Map();
  let running = false;
  async function run() {
    running = true;
    while (waiting.size > 0) {
      if (waiting.size > FEW) await new Promise((resolve) => setTimeout(resolve, DELAY_OF_MANY));
      const { rows } = await pool.query(
        "SELECT id, state, output FROM pgboss.job WHERE name = $1 AND id = ANY ($2::uuid[]) AND state IN ('completed', 'failed')",
        [QUEUE, [...waiting.keys()]],
      );
      for (const row of rows) {
        const { resolve, reject } = waiting.get(row.id);
        waiting.delete(row.id);
        if (row.state === "completed") resolve(row.output);
        else reject(new Error(`job ${row.id} failed`));
      }
    }
    running = false;
  }
  return (id) =>
    new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      if (!running) run().catch(reject);
    });
}

/**
 * @param url of an empty database on a durable PostgreSQL
 * @returns `{ p50, p95, rate }`: ms of one awaited no-op after the other, and no-ops a second of `jobs` at once
 */
export async function measurePgBoss({ url, sequential, jobs }) {
  const boss = await startBoss(url);
  await boss.createQueue(QUEUE, { notify: true });
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const worker = fork(fileURLToPath(import.meta.url), ["worker", url]);
  try {
    await once(worker, "message");
    const result = createPoller(pool);
    const call = async () => result(await boss.send(QUEUE, {}));

    for (let i = 0; i < 50; i++) await call(); // connections, plans and code warm up
    const times = [];
    for (let i = 0; i < sequential; i++) {
      const start = performance.now();
      await call();
      times.push(performance.now() - start);
    }
    const start = performance.now();
    await Promise.all(Array.from({ length: jobs }, call));
    const seconds = (performance.now() - start) / 1_000;
    return { p50: median(times), p95: percentile(times, 0.95), rate: jobs / seconds };
  } finally {
    const ended = once(worker, "exit");
    worker.send("stop");
    await ended;
    await pool.end();
    await boss.stop({ graceful: false });
  }
}

async function work(url) {
  const boss = await startBoss(url);
  await boss.work(QUEUE, WORK, async () => ({ ok: true }));
  process.once("message", () => void boss.stop({ graceful: false }).then(() => process.exit(0)));
  process.send("ready");
}

if (process.argv[2] === "worker") await work(process.argv[3]);
