/** Runs the parts asked for (default all) and prints each figure beside what was promised. See README.md. */
import { parseArgs } from "node:util";
import { startPostgres } from "../tools/postgres.ts";
import { measureApply } from "./apply.mjs";
import { measureBacklog, measureFleet, measureHot, measureIdleWorkers, measureSubmit } from "./fleet.mjs";
import { hasRedis, measureBullMq } from "./bullmq.mjs";
import { measureCompletion } from "./completion.mjs";
import { measureContent } from "./content.mjs";
import { measureCtrlC } from "./ctrl-c.mjs";
import { measureHostCall } from "./host-call.mjs";
import { measureHistory } from "./history.mjs";
import { measureIdleMemory } from "./memory.mjs";
import { measureInventory } from "./inventory.mjs";
import { measurePipeline } from "./pipeline.mjs";
import { measurePgBoss } from "./pg-boss.mjs";
import { measureShell } from "./shell.mjs";
import { short } from "./statistics.mjs";
import { measureStartup } from "./startup.mjs";
import { measureTypegen } from "./typegen.mjs";
import { measureWilco } from "./throughput.mjs";

const PARTS = [
  "startup",
  "memory",
  "shell",
  "ctrl-c",
  "host-call",
  "completion",
  "typegen",
  "pg-boss",
  "bullmq",
  "embedded",
  "postgres",
  "fleet",
  "submit",
  "backlog",
  "hot",
  "inventory",
  "inventory-postgres",
  "apply",
  "idle-workers",
  "pipeline",
  "content",
  "history",
];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: "string", default: "10000" },
    sequential: { type: "string", default: "500" },
    runs: { type: "string", default: "15" },
    many: { type: "string", default: "1000000" },
    resources: { type: "string", default: "100000" },
  },
});
const unknown = positionals.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(", ")}; parts are ${PARTS.join(", ")}.`);
const wanted = positionals.length === 0 ? PARTS : positionals;
const size = { jobs: Number(values.jobs), sequential: Number(values.sequential) };

const found = {};
const failures = [];
await part("startup", () => measureStartup({ runs: Number(values.runs) }));
await part("memory", async () => ({ idle: await measureIdleMemory() }));
await part("shell", async () => (await measureShell()) ?? {});
await part("ctrl-c", () => measureCtrlC());
await part("host-call", () => measureHostCall());
await part("completion", () => measureCompletion());
await part("typegen", () => measureTypegen());
await part("pg-boss", () => withPostgres((url) => measurePgBoss({ url, ...size })));
if (!wanted.includes("bullmq") || hasRedis()) await part("bullmq", () => measureBullMq(size));
else console.log("bullmq: no redis-server on the PATH, not measured");
await part("embedded", () => measureWilco(size));
await part("postgres", () => withPostgres((url) => measureWilco({ databaseUrl: url, ...size })));
await part("fleet", async () => ({
  of64: await withPostgres((url) => measureFleet({ url, slots: 64, ...size })),
  of16: await withPostgres((url) => measureFleet({ url, slots: 16, ...size })),
}));
await part("submit", () =>
  withPostgres((url) => withPostgres((bossUrl) => measureSubmit({ url, bossUrl, jobs: size.jobs * 2 }))),
);
await part("backlog", () => withPostgres((url) => measureBacklog({ url, many: Number(values.many) })));
await part("hot", () => withPostgres((url) => measureHot({ url, jobs: Math.ceil(size.jobs / 2) })));
await part("inventory", () => measureInventory({ count: Number(values.resources) }));
await part("inventory-postgres", () =>
  withPostgres((url) => measureInventory({ databaseUrl: url, count: Number(values.resources) })),
);
await part("pipeline", () => measurePipeline({ runs: Number(values.runs) }));
await part("content", async () => ({
  embedded: await measureContent({}),
  postgres: await withPostgres((databaseUrl) => measureContent({ databaseUrl })),
}));
await part("apply", async () => ({
  embedded: await measureApply(),
  postgres: await withPostgres((databaseUrl) => measureApply({ databaseUrl })),
}));
await part("history", async () => ({
  embedded: await measureHistory({ many: Number(values.many) }),
  postgres: await withPostgres((databaseUrl) => measureHistory({ databaseUrl, many: Number(values.many) })),
}));
await part("idle-workers", () => withPostgres((url) => measureIdleWorkers({ url })));

const {
  startup,
  memory,
  shell,
  "ctrl-c": ctrlC,
  "host-call": hostCall,
  completion,
  typegen,
  "pg-boss": boss,
  bullmq,
  embedded,
  postgres,
  fleet,
  submit,
  backlog,
  hot,
  inventory,
  "inventory-postgres": inventoryPostgres,
  "idle-workers": idle,
  pipeline,
  content,
  apply,
  history,
} = found;
const rows = [];
atMost("wilco --version ÷ node -e 0", startup?.version, startup?.node, 1.8);
atMost("wilco run hello.ts ÷ tsx hello.ts", startup?.run, startup?.tsx, 1.5);
atMost("wilco run --local hello.ts ÷ tsx hello.ts", startup?.local, startup?.tsx, 3);
atMost("idle embedded server, MB", memory?.idle, 1, 120);
atMost("shell ready ÷ node -e 0", shell?.shell, shell?.node, 6);
atMost("idle shell, MB", shell?.memory, 1);
atMost("Ctrl-C on while (true) {} p99, ms", ctrlC?.p99, 1, 50);
atMost("host call of 300 B, 10,000 at once, µs each", hostCall?.concurrent, 1, 80);
atMost("Tab with 10,000 resources p99, ms", completion?.p99, 1, 150);
atMost("first Tab with 10,000 resources, ms", completion?.first, 1, 150);
atMost("wilco typegen of 1,000 types, ms", typegen?.typegen, 1, 2_000);
atMost("wilco typegen of 1,000 types ÷ node -e 0", typegen?.typegen, typegen?.node);
atMost("wilco check against 1,000 types ÷ node -e 0", typegen?.check, typegen?.node);
for (const [name, measured, latency, rate] of [
  ["postgres", postgres, 1.2, 2],
  ["embedded", embedded, 0.6, 4],
]) {
  atMost(`awaited no-op p50, ${name} ÷ P`, measured?.p50, boss?.p50, latency);
  atLeast(`${size.jobs} at once, ${name} ÷ P`, measured?.rate, boss?.rate, rate);
  if (bullmq !== undefined) {
    atMost(`awaited no-op p50, ${name} ÷ B`, measured?.p50, bullmq.p50);
    atLeast(`${size.jobs} at once, ${name} ÷ B`, measured?.rate, bullmq.rate);
  }
  atMost(`client memory an execution, ${name}, bytes`, measured?.memory, 1, 4_096);
  atMost(`/healthz p99 in the burst, ${name}, ms`, measured?.lag, 1);
}
atLeast(`${size.jobs} at once, 2 servers and 4 workers of 64 slots ÷ P`, fleet?.of64, boss?.rate, 2.5);
atLeast(`${size.jobs} at once, 2 servers and 4 workers of 16 slots ÷ P`, fleet?.of16, boss?.rate, 2.5);
atLeast("submit in batches of 1,000 ÷ pg-boss insert", submit?.wilco, submit?.boss, 1.5);
atLeast("submit in batches of 1,000 ÷ pg-boss insert of one job, ten at a time", submit?.wilco, submit?.bossSingle);
atLeast("submit of one entry ÷ pg-boss insert of one job, ten at a time", submit?.wilcoSingle, submit?.bossSingle);
atMost("claim p50, 1,000,000 waiting ÷ 1,000 waiting", backlog?.claimMany, backlog?.claimFew, 2);
atMost("why, 1,000,000 waiting, ms", backlog?.why, 1, 100);
atMost("queue list, 1,000,000 waiting, ms", backlog?.list, 1, 100);
atMost("queue stats, 1,000,000 waiting, ms", backlog?.stats, 1);
atLeast("rate beside 20,000 waiting for one resource ÷ alone", hot?.beside, hot?.alone, 0.8);
atMost("first page of the slowest selector, 100,000 resources, embedded, ms", inventory?.slowest, 1, 50);
atMost("first page of the slowest selector, 100,000 resources, postgres, ms", inventoryPostgres?.slowest, 1, 50);
atMost("server with 1,000 idle workers, share of a core", idle?.cpu, 1, 0.05);
atMost("memory of the server an idle worker, KB", idle?.memory, 1, 30);
atMost("wilco exec of a no-op ÷ node -e 0", pipeline?.exec, pipeline?.node, 4);
atMost("500 targets over 32 slots, beyond the bare work", pipeline?.overhead, 1, 0.15);
atMost("following output, core-seconds for each 50 MB", pipeline?.cpu, 1, 1);
atMost("memory of who follows 40 MB, MB", pipeline?.memory, 1);
for (const engine of ["embedded", "postgres"]) {
  const measured = content?.[engine];
  atLeast(`upload of 1 GB ÷ cp, ${engine}`, measured?.upload, measured?.copy, 0.5);
  atLeast(`upload of 1 GB ÷ synced copy, ${engine}`, measured?.upload, measured?.synced, 0.5);
  atMost(`memory of the server above idle in it, ${engine}, MB`, measured?.memory, 1, 64);
  atMost(`slowest question about 1,000,000 ended entries, ${engine}, ms`, history?.[engine]?.slowest, 1, 100);
  atMost(`one that no index answers, ${engine}, ms`, history?.[engine]?.unindexed, 1);
  atMost(`server with 1,000,000 ended entries, idle, ${engine}, share of a core`, history?.[engine]?.idle, 1, 0.05);
}
for (const engine of ["embedded", "postgres"]) {
  atMost(`apply of 110,000 unchanged resources, ${engine}, ms`, apply?.[engine].unchanged, 1, 5_000);
  atMost(`request over 10,000 members, ${engine}, ms`, apply?.[engine].request, 1, 3_000);
}
if (rows.length > 0) console.table(rows);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

/** A part that fails is named at the end and does not keep the others from being measured. */
async function part(name, measure) {
  if (!wanted.includes(name)) return;
  try {
    found[name] = await measure();
    const numbers = Object.entries(found[name]).map(
      ([key, value]) =>
        `${key} ${value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : short(value)}`,
    );
    console.log(`${name}: ${numbers.join(", ")}`);
  } catch (error) {
    failures.push(`${name} was not measured: ${error.message}`);
  }
}

async function withPostgres(measure) {
  const server = await startPostgres({ durable: true });
  try {
    return await measure(server.url);
  } finally {
    await server.stop();
  }
}

function atMost(figure, value, base, limit) {
  add(figure, value, base, limit, "≤", (ratio) => ratio <= limit);
}

function atLeast(figure, value, base, limit) {
  add(figure, value, base, limit, "≥", (ratio) => ratio >= limit);
}

function add(figure, value, base, limit, sign, holds) {
  if (value === undefined || base === undefined) return;
  const ratio = value / base;
  const promised = limit === undefined ? "–" : `${sign} ${limit}`;
  rows.push({
    figure,
    measured: short(ratio),
    promised,
    "": limit === undefined ? "" : holds(ratio) ? "holds" : "FALLS SHORT",
  });
}
