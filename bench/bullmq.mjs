/**
 * B: BullMQ on Redis doing what pg-boss.mjs does, where a `redis-server` is on the PATH. Results come by Redis events.
 * As a worker process: `node bullmq.mjs worker PORT`.
 */
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Queue, QueueEvents, Worker } from "bullmq";
import { median, percentile } from "./statistics.mjs";

const QUEUE = "noop";
const connectionTo = (port) => ({ host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null });

export function hasRedis() {
  return spawnSync("redis-server", ["--version"], { stdio: "ignore" }).status === 0;
}

async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), "wilco-bench-redis-"));
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  const options = { bind: "127.0.0.1", port, dir: folder, appendonly: "yes", appendfsync: "everysec" };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on(
      "line",
      (line) => /ready to accept connections/i.test(line) && resolve(),
    );
    ended.then(() => reject(new Error("redis-server ended at its start")), reject);
  });
  return {
    port,
    async stop() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @returns `{ p50, p95, rate }` as measurePgBoss does. */
export async function measureBullMq({ sequential, jobs }) {
  const redis = await startRedis();
  const connection = connectionTo(redis.port);
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  const worker = fork(fileURLToPath(import.meta.url), ["worker", String(redis.port)]);
  try {
    await Promise.all([once(worker, "message"), events.waitUntilReady()]);
    for (const emitter of [events, queue]) emitter.setMaxListeners(0); // each wait adds one
    const call = async () => (await queue.add("noop", {})).waitUntilFinished(events);
    for (let i = 0; i < 50; i++) await call();
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
    await events.close();
    await queue.close();
    await redis.stop();
  }
}

async function work(port) {
  const worker = new Worker(QUEUE, async () => ({ ok: true }), { connection: connectionTo(port), concurrency: 16 });
  await worker.waitUntilReady();
  process.once("message", () => void worker.close().then(() => process.exit(0)));
  process.send("ready");
}

if (process.argv[2] === "worker") await work(process.argv[3]);
