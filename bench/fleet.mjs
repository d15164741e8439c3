/** Two servers and four workers; submits in batches; the queue with a million entries waiting; idle workers. */
import { Agent, request } from "node:http";
import pg from "pg";
import { PgBoss } from "pg-boss";
import { registerWorker, startFleet } from "./fleet-world.mjs";
import { median } from "./statistics.mjs";
import bench from "./types/bench.js";
import { memoryOf, processorTime } from "./wilco.mjs";

/** @returns no-ops a second of `jobs` at once, from two scripts at two servers, over four worker processes */
export async function measureFleet({ url, jobs, slots }) {
  const fleet = await startFleet({ url, servers: 2, workers: 4, slots });
  try {
    await Promise.all([0, 1].map((index) => fleet.script("burst.ts", ["--count=200"], index)));
    const each = await Promise.all(
      [0, 1].map((index) => fleet.script("burst.ts", [`--count=${Math.ceil(jobs / 2)}`], index)),
    );
    // The scripts' own times: starting two processes is not the queue's.
    const ms = Math.max(...each.map((one) => one.ms));
    return jobs / (ms / 1_000);
  } finally {
    await fleet.stop();
  }
}

/**
 * @returns entries filed and jobs inserted a second: `wilco` and `boss` in batches of 1,000, four at a time; `wilcoSingle`
 *   and `bossSingle` one to a call, ten at a time
 */
export async function measureSubmit({ url, bossUrl, jobs }) {
  const fleet = await startFleet({ url });
  let wilco;
  let wilcoSingle;
  try {
    const submit = (count) => {
      const entries = Array.from({ length: count }, () => ({ resource: "bench-1", operation: "noop" }));
      return fleet.ask("POST", "/v1/entries", { entries });
    };
    wilco = await rateOf(submit, { jobs, batch: 1_000, lanes: 4 });
    wilcoSingle = await rateOf(submit, { jobs: SINGLE, batch: 1, lanes: 10 });
  } finally {
    await fleet.stop();
  }
  const boss = new PgBoss({ connectionString: bossUrl, max: 10 });
  boss.on("error", (error) => console.error(`pg-boss: ${error.message}`));
  await boss.start();
  try {
    await boss.createQueue("noop");
    const insert = (count) =>
      boss.insert(
        "noop",
        Array.from({ length: count }, () => ({ data: {} })),
      );
    return {
      wilco,
      boss: await rateOf(insert, { jobs, batch: 1_000, lanes: 4 }),
      wilcoSingle,
      bossSingle: await rateOf(insert, { jobs: SINGLE, batch: 1, lanes: 10 }),
    };
  } finally {
    await boss.stop({ graceful: false });
  }
}

/** Calls with one each. */
const SINGLE = 3_000;

async function rateOf(send, { jobs, batch, lanes }) {
  const calls = Math.ceil(jobs / batch);
  await send(100);
  const start = performance.now();
  let left = calls;
  const lane = async () => {
    while (left-- > 0) await send(batch);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (calls * batch) / ((performance.now() - start) / 1_000);
}

/**
 * @returns `{ claimFew, claimMany, why, list, stats }`: ms at the median of a claim of one entry with 1,000 and with `many`
 *   waiting, and of the questions with `many` waiting
 */
export async function measureBacklog({ url, many = 1_000_000 }) {
  const fleet = await startFleet({ url });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const worker = await registerWorker({
      url: fleet.urls[0],
      token: fleet.tokens.worker,
      name: "claimer",
      types: [bench.descriptor],
    });
    const claims = () => timesOf(200, worker.finish, () => worker.claim(1));
    await fileCopies(fleet, client, 1_000, "noop");
    const claimFew = await claims();
    await fileCopies(fleet, client, many, "noop");
    const claimMany = await claims();
    const [{ id }] = (await fleet.ask("GET", "/v1/queue?status=queued&limit=1")).items;
    const question = (path) =>
      timesOf(
        20,
        () => {},
        () => fleet.ask("GET", path),
      );
    return {
      claimFew,
      claimMany,
      why: await question(`/v1/entries/${id}/why`),
      list: await question("/v1/queue?status=queued&limit=100"),
      stats: await question("/v1/queue/stats"),
    };
  } finally {
    await client.end();
    await fleet.stop();
  }
}

async function timesOf(count, after, what) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    const got = await what();
    times.push(performance.now() - start);
    await after(got);
  }
  return median(times);
}

/** Files one entry through the API and copies its row in the database: a million through the API would take minutes. */
async function fileCopies(fleet, client, count, operation, more = {}) {
  const resource = more.resource ?? "bench-1";
  const { entries } = await fleet.ask("POST", "/v1/entries", { entries: [{ resource, operation, ...more }] });
  const { id } = entries[0].entry;
  const { rows } = await client.query(
    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'wilco' AND table_name = 'entry'",
  );
  const columns = rows.map((row) => row.column_name).filter((name) => !["id", "key", "root", "head"].includes(name));
  await client.query(
    `INSERT INTO wilco.entry (key, root, head, ${columns.join(", ")})
     SELECT 'copy-' || $1 || '-' || n, NULL, 0, ${columns.join(", ")} FROM wilco.entry, generate_series(2, $2::int) AS n
     WHERE id = $1::bigint`,
    [id, count],
  );
  await client.query("ANALYZE wilco.entry");
}

/** @returns `{ alone, beside, turns }`: no-ops a second of `jobs` at once without, and with 20,000 waiting ahead for one resource; how many of these ran */
export async function measureHot({ url, jobs }) {
  const fleet = await startFleet({ url, workers: 2 });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const rate = async () => jobs / ((await fleet.script("burst.ts", [`--count=${jobs}`])).ms / 1_000);
    await rate();
    const alone = await rate();
    // Paused, or the row would be running, or done, by the time it is copied.
    await fleet.ask("POST", "/v1/queue/pause", { route: "default/automate" });
    await fileCopies(fleet, client, 20_000, "turn", { resource: "bench-hot", priority: 20 });
    await fleet.ask("POST", "/v1/queue/resume", { route: "default/automate" });
    const beside = await rate();
    const { rows } = await client.query(
      "SELECT count(*)::int AS n FROM wilco.entry WHERE operation = 'turn' AND status = 'succeeded'",
    );
    if (rows[0].n === 0) throw new Error("the hot resource did nothing: there was nothing to be beside");
    return { alone, beside, turns: rows[0].n };
  } finally {
    await client.end();
    await fleet.stop();
  }
}

/**
 * @returns `{ cpu, memory }`: share of one core, and KB of the server a worker, of `count` that have nothing to do: each
 *   holds a claim that has its heartbeat with it. Memory beyond what the first hundred took: buffers and compiled code.
 */
export async function measureIdleWorkers({ url, count = 1_000, first = 100 }) {
  const fleet = await startFleet({ url });
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const over = new AbortController();
  const held = [];
  const hold = async (session, name) => {
    for (let claims = 0; !over.signal.aborted; claims++) {
      const beat = { state: "ready", health: { time: Date.now() }, answers: [] };
      const body = { claimId: `${name}-${claims}-of-the-bench`, slots: 16, wait: 20_000, beat };
      await post(agent, fleet, `/v1/workers/${session}/claim`, body, over.signal).catch(() => {});
    }
  };
  const add = async (from, to) => {
    for (let i = from; i < to; i++) {
      const name = `idle-${i}`;
      const { session } = await registerWorker({ url: fleet.urls[0], token: fleet.tokens.worker, name });
      held.push(hold(session, name));
    }
    // Every one of them has come back at least once.
    await new Promise((resolve) => setTimeout(resolve, 25_000));
  };
  try {
    const [pid] = fleet.pids;
    await add(0, first);
    const before = memoryOf(pid, "VmRSS");
    await add(first, first + count);
    const memory = (memoryOf(pid, "VmRSS") - before) / count;
    const start = { cpu: processorTime(pid), at: performance.now() };
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    const cpu = (processorTime(pid) - start.cpu) / (performance.now() - start.at) / ((first + count) / count);
    over.abort();
    agent.destroy();
    await Promise.all(held);
    return { cpu, memory };
  } finally {
    over.abort();
    agent.destroy();
    await fleet.stop();
  }
}

function post(agent, fleet, path, body, signal) {
  return new Promise((resolve, reject) => {
    const sent = request(
      fleet.urls[0] + path,
      {
        method: "POST",
        agent,
        signal,
        headers: { authorization: `Bearer ${fleet.tokens.worker}`, "content-type": "application/json" },
      },
      (answer) => answer.resume().once("end", resolve).once("error", reject),
    );
    sent.once("error", reject).end(JSON.stringify(body));
  });
}
