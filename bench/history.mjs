/** A million entries that have ended: questions about the history over HTTP, and what the server does when nothing is due. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import SqliteDatabase from "better-sqlite3";
import pg from "pg";
import { median } from "./statistics.mjs";
import { processorTime, startWilco } from "./wilco.mjs";

const RESOURCES = 1_000;
const ROUNDS = 5;
/** ms between two of them: 1,000,000 are eleven days. */
const APART = 1_000;
const IDLE = 10_000;
/** There is no index of operations: it reads the history until the page is full. */
const UNINDEXED = "an operation with 5";

/**
 * @param databaseUrl undefined = embedded
 * @returns `{ slowest, unindexed, idle }`: ms of the slowest question at the median of its rounds, and of one that reads
 *   everything; the share of a core that the server takes when nothing happens
 */
export async function measureHistory({ databaseUrl, many = 1_000_000 }) {
  const server = await startWilco({ databaseUrl });
  try {
    const { ask } = server;
    const resources = Object.fromEntries(
      Array.from({ length: RESOURCES }, (_, n) => [`r-${n}`, { type: "bench", enabled: true }]),
    );
    await ask("POST", "/v1/inventory/apply", { resources });
    await server.cli(["exec", "r-0", "noop"]);
    const [{ id }] = (await ask("GET", "/v1/entries?limit=1")).items;
    await copy(server, databaseUrl, id, many);
    const since = (ms) => encodeURIComponent(new Date(Date.now() - ms).toISOString());
    const hour = 3_600_000;
    const questions = {
      "the newest": "",
      "a page in the middle": `cursor=${Math.floor(many / 2)}`,
      "of a resource with 1,000": "resource=r-7",
      "of a resource with 5": "resource=r-rare",
      "of none": "resource=r-none",
      "failed, 1 in 1,000": "status=failed",
      "lost or timed out, none": "status=lost,timed_out",
      "ended, all": "status=succeeded,failed,canceled,lost,timed_out",
      "unfinished, none": "status=queued,running,blocked,scheduled,canceling",
      "of the last hour, 60": `since=${since(hour)}`,
      "of the last minute, none": `since=${since(60_000)}`,
      "until ten days ago": `until=${since(240 * hour)}`,
      "failed on the last day": `status=failed&since=${since(24 * hour)}`,
      "of somebody with 5": "requestedBy=rare",
      "of everybody's own token": "requestedBy=everybody",
      "of a kind, none": "kind=script",
      [UNINDEXED]: "operation=rare",
    };
    const found = {};
    for (const [name, query] of Object.entries(questions)) {
      const times = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = performance.now();
        await ask("GET", `/v1/entries?limit=100&${query}`);
        times.push(performance.now() - before);
      }
      found[name] = median(times);
      console.log(`  ${name.padEnd(28)} ${found[name].toFixed(1)} ms`);
    }
    const before = processorTime(server.pid);
    await sleep(IDLE);
    const idle = (processorTime(server.pid) - before) / IDLE;
    const { [UNINDEXED]: unindexed, ...others } = found;
    return { slowest: Math.max(...Object.values(others)), unindexed, idle };
  } finally {
    await server.stop();
  }
}

/** Copies of the ended entry in the database, the oldest first: through the API a million would take minutes. */
async function copy(server, databaseUrl, id, many) {
  const first = `CAST(${Date.now() - 60 * APART - many * APART} AS bigint)`;
  const own = {
    key: "'copy-' || n",
    status: "CASE WHEN n % 1000 = 7 THEN 'failed' ELSE 'succeeded' END",
    error: `CASE WHEN n % 1000 = 7 THEN '{"code":"exit_code","message":"It exited with 1","source":"operation"}' END`,
    resource: `(SELECT id FROM resource WHERE name = 'r-' || (n % ${RESOURCES}))`,
    resource_name: `CASE WHEN n <= 5 THEN 'r-rare' ELSE 'r-' || (n % ${RESOURCES}) END`,
    requested_by: "CASE WHEN n <= 5 THEN 'rare' ELSE 'everybody' END",
    operation: "CASE WHEN n <= 5 THEN 'rare' ELSE 'noop' END",
    created_at: `${first} + n * ${APART}`,
    finished_at: `${first} + n * ${APART}`,
  };
  const insert = (columns, series) => {
    const names = columns.filter((name) => name !== "id");
    const values = names.map((name) => own[name] ?? `entry.${name}`);
    return `INSERT INTO entry (${names.join(", ")}) SELECT ${values.join(", ")}
      FROM entry, ${series} WHERE entry.id = ${id} ORDER BY n`;
  };
  if (databaseUrl === undefined) {
    const database = new SqliteDatabase(join(server.env.WILCO_DATA_DIR, "wilco.db"));
    const columns = database.pragma("table_info(entry)").map(({ name }) => name);
    const series = `(WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < ${many}) SELECT n FROM g)`;
    database.exec(insert(columns, series));
    database.close();
    return;
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query("SET search_path TO wilco");
  const { rows } = await client.query(
    "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'wilco' AND table_name = 'entry'",
  );
  const names = rows.map(({ name }) => name);
  await client.query(insert(names, `generate_series(1, ${many}) AS n`));
  await client.query("VACUUM ANALYZE entry");
  await client.end();
}
