/**
 * The drill: executions over real processes that are killed, frozen and cut off meanwhile; afterwards every entry must
 * have ended, and by the handlers' own journals nothing may have run that should not, or not have run that should.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../src/core/errors.ts";
import { reconcile } from "../../src/operations/reconcile.ts";
import { findProblems } from "./check.ts";
import { startChaos } from "./chaos.ts";
import { runLoad, type Load } from "./load.ts";
import { createRandom } from "./random.ts";
import { createDrillWorld, type DrillWorld } from "./world.ts";

export interface DrillOptions {
  engine: "sqlite" | "postgres";
  seed: number;
  /** At least; more as long as not everything has gone wrong once. */
  executions: number;
  /** Clients at once, and the calls that each has under way. Default: those of `LoadOptions`. */
  clients?: number;
  batch?: number;
  servers: number;
  workers: number;
  /** ms. */
  lease: number;
  lostAfter: number;
  /** ms for the whole load, then it is given up. */
  patience: number;
  /** ms between two things that go wrong, least and most. */
  pause: readonly [number, number];
  /** `wilco` as a file for Node. */
  cli: string;
  say: (line: string) => void;
}

export interface DrillReport {
  /** In words; empty when the drill has passed. */
  problems: string[];
  seed: number;
  /** Entries by status. */
  statuses: Record<string, number>;
  /** Attempts beyond the first. */
  repeated: number;
  /** What was done to them. */
  chaos: Readonly<Record<string, number>>;
  seconds: number;
  /** Logs and journals, left there when something is wrong. */
  folder: string;
}

const RESOURCES = Array.from({ length: 40 }, (_, index) => `drill-${index + 1}`);
const LONGEST = 2_000;

export async function runDrill(options: DrillOptions): Promise<DrillReport> {
  const { engine, seed, executions, lease, say } = options;
  say(`${engine}, seed ${seed}: ${executions} executions, ${options.workers} workers, ${options.servers} servers`);
  const problems: string[] = [];
  const world = await createDrillWorld({
    ...options,
    random: createRandom(seed),
    onFault: (what) => problems.push(what),
  });
  const started = performance.now();
  let keepFolder = true;
  try {
    await world.api.apply({
      resources: Object.fromEntries(RESOURCES.map((name) => [name, { type: "journal" }])),
    });
    const chaos = startChaos({ world, random: createRandom(seed + 1), lease, pause: options.pause, say });
    let told = 0;
    const load: Load = { calls: new Map(), told: new Map() };
    const loading = runLoad(
      {
        api: world.api,
        seed,
        more: (filed) => filed < executions || !chaos.complete,
        resources: RESOURCES,
        longest: LONGEST,
        clients: options.clients,
        batch: options.batch,
        signal: AbortSignal.timeout(options.patience),
        onProgress: (done) => {
          if (Math.floor(done / 1_000) > Math.floor(told / 1_000)) say(`${done} have ended`);
          told = done;
        },
      },
      load,
    );
    // What has gone wrong until then is told with what is found afterwards.
    await loading.catch((error: unknown) => problems.push(`a client failed: ${messageOf(error)}`));
    await chaos.stop();
    problems.push(...(await complaints(world, lease)));
    await Promise.all(world.workers.map((worker) => worker.stop()));
    await Promise.all(world.servers.map(({ piece }) => piece.stop()));
    const report = await judge(world, load);
    problems.push(...report.problems);
    keepFolder = problems.length > 0;
    const seconds = (performance.now() - started) / 1_000;
    return { ...report, seed, problems, chaos: chaos.counts, seconds, folder: world.folder };
  } finally {
    await world.close(keepFolder);
  }
}

/** What the drill does to the clocks, and what a busy machine does. */
const EXPECTED = new Set(["worker_clock", "database_slow", "disk_server", "disk_worker", "disk_database"]);

/** What the doctor still finds when everything runs again: workers may need a lease to be heard of. */
async function complaints({ api }: DrillWorld, lease: number): Promise<string[]> {
  for (let look = 1; ; look++) {
    const findings = (await api.doctor()).findings.filter(({ code }) => !EXPECTED.has(code));
    if (findings.length === 0) return [];
    if (look > 10) return findings.map(({ code, message }) => `the doctor finds ${code}: ${message}`);
    await sleep(lease);
  }
}

async function judge(world: DrillWorld, load: Load) {
  const database = await world.openDatabase();
  try {
    const problems = await findProblems(database, world.journal, load);
    const repairs = await reconcile({
      database,
      signals: { publish: () => {}, subscribe: () => () => {}, stop: () => {} },
      log: { error: () => {} },
    } as never);
    if (Object.values(repairs).some((count) => count > 0)) {
      problems.push(`the reconciler found something to repair: ${JSON.stringify(repairs)}`);
    }
    const statuses = await database.query<{ status: string; count: number }>(
      "SELECT status, count(*) AS count FROM entry GROUP BY status",
    );
    const [again] = await database.query<{ repeated: number }>(
      "SELECT coalesce(sum(attempt - 1), 0) AS repeated FROM entry WHERE attempt > 1",
    );
    return {
      problems,
      statuses: Object.fromEntries(statuses.map(({ status, count }) => [status, count])),
      repeated: again?.repeated ?? 0,
    };
  } finally {
    await database.close();
  }
}
