/** A queue without server or worker process: tests call the operations as the server would, and play the worker. */
import { pino } from "pino";
import { openDatabase, type Database } from "../../src/database/database.ts";
import type { Entry } from "../../src/domain/entry.ts";
import type { PriorityBand } from "../../src/domain/priority.ts";
import { WHOLE_WORKER, type OperationDescriptor, type ResourceTypeDescriptor } from "../../src/domain/resource-type.ts";
import type { Assignment } from "../../src/domain/worker.ts";
import { createSealer } from "../../src/inventory/sealer.ts";
import { createSecretStore } from "../../src/inventory/secret-store.ts";
import { createTargets } from "../../src/inventory/targets.ts";
import { unknownResource } from "../../src/inventory/resources.ts";
import type { QueueSettings } from "../../src/operations/context.ts";
import type { Principal, SaveTypes } from "../../src/operations/contract.ts";
import { createOperations } from "../../src/operations/operations.ts";
import type { Move } from "../../src/queue/moves.ts";
import type { FinishItem, RequestSubmission, Submission } from "../../src/protocol/messages.ts";
import type { DatabasePlace, EngineWorld } from "../support/engines.ts";

export const migrated = {
  migrate: async (place: DatabasePlace) => (await openDatabase(optionsOf(place))).close(),
};

export function optionsOf(place: DatabasePlace): { dataDir: string } | { url: string } {
  return place.engine === "sqlite" ? { dataDir: place.dataDir } : { url: place.url };
}

export const alice: Principal = { name: "alice", role: "operator", zones: null, roles: null };
export const bob: Principal = { name: "bob", role: "operator", zones: null, roles: null };
export const workerToken: Principal = { name: "worker-token", role: "worker", zones: null, roles: null };

export type World = Awaited<ReturnType<typeof createWorld>>;

/** Operations of the type: work (exclusive, lost when its worker dies), redo (exclusive, repeatable), look (not exclusive), heavy (3 slots), alone (a whole worker). */
export async function createWorld(engineWorld: EngineWorld, settings: Partial<QueueSettings> = {}) {
  const place = await engineWorld.createDatabase(migrated);
  const database = await openDatabase(optionsOf(place));
  engineWorld.onCleanup(() => database.close());
  await seed(database);
  return { place, database, ...serve(engineWorld, database, settings) };
}

/** One more server on the same database. */
export function serve(
  engineWorld: EngineWorld,
  database: Database,
  settings: Partial<QueueSettings> = {},
  onMove: (move: Move) => void = () => {},
) {
  const sealer = createSealer(new Uint8Array(32).fill(7));
  const operations = createOperations({
    database,
    targets: createTargets({ sealer, unknownResource }),
    secrets: createSecretStore({ database, sealer }),
    log: pino({ level: "silent" }),
    settings,
    onMove,
  });
  engineWorld.onCleanup(() => operations.stop());
  const never = new AbortController().signal;

  async function submitOne(submission: Submission, principal = alice, key?: string): Promise<Entry> {
    const answer = await operations.submit(principal, { entries: [submission] }, key);
    const [outcome] = answer.entries;
    if (!outcome || "error" in outcome) throw Object.assign(new Error(outcome?.error.message), outcome?.error);
    return outcome.entry;
  }

  async function submitRequest(request: RequestSubmission, principal = alice, key?: string): Promise<Entry> {
    const answer = await operations.submit(principal, { entries: [request] }, key);
    const [outcome] = answer.entries;
    if (!outcome || "error" in outcome) throw Object.assign(new Error(outcome?.error.message), outcome?.error);
    return outcome.entry;
  }

  interface RegisterOptions {
    capacity?: number;
    succession?: string;
    zone?: string;
    roles?: string[];
    band?: PriorityBand;
    as?: Principal;
    types?: unknown[];
    saveTypes?: SaveTypes;
  }

  async function register(name = "w1", options: RegisterOptions = {}) {
    const request = {
      name,
      zone: options.zone ?? "default",
      roles: options.roles ?? ["automate"],
      capacity: options.capacity ?? 10,
      ...(options.band ? { band: options.band } : {}),
      host: "test",
      pid: 1,
      version: "0",
      types: options.types ?? [],
      succession: options.succession ?? `succession-of-${name}-0123456789`,
    };
    const answer = await operations.registerWorker(
      options.as ?? workerToken,
      request,
      options.saveTypes ?? (async () => {}),
    );
    return answer.session;
  }

  let claims = 0;
  return {
    operations,
    never,
    submitOne,
    submitRequest,
    submit: (resource: string, operation: string, more: Partial<Submission> = {}) =>
      submitOne({ resource, operation, ...more }),
    register,
    async claim(
      session: string,
      options: { slots?: number; wait?: number; claimId?: string } = {},
    ): Promise<Assignment[]> {
      const claimId = options.claimId ?? `claim-${process.pid}-${claims++}`;
      const request = { claimId, slots: options.slots ?? 10, wait: options.wait ?? 0 };
      return (await operations.claim(workerToken, session, request, never)).assignments;
    },
    async finish(session: string, assignment: Pick<Assignment, "entry" | "attempt">, more: Partial<FinishItem> = {}) {
      const item: FinishItem = {
        entry: assignment.entry,
        attempt: assignment.attempt,
        finishId: `finish-${assignment.entry}-${assignment.attempt}`,
        lastChunk: 0,
        status: "succeeded",
        ...more,
      };
      return (await operations.finish(workerToken, session, { finishes: [item] })).finishes[0]!;
    },
    async events(id: number) {
      return (await operations.events(id, { limit: 10_000 }, never)).events;
    },
    async eventTypes(id: number) {
      return (await operations.events(id, {}, never)).events.map((event) => event.type);
    },
  };
}

/** Forgets whatever may be forgotten. On a slow machine a round ends before all is looked at; the next ones go on. */
export async function sweep({ operations }: Pick<World, "operations">): Promise<void> {
  for (let round = 0; round < 12; round++) await operations.maintenance.round();
}

export const operation = (name: string, more: Partial<OperationDescriptor> = {}): OperationDescriptor => ({
  name,
  description: null,
  parameters: { type: "object", properties: { n: { type: "number", default: 1 } }, additionalProperties: false },
  result: null,
  timeout: 60_000,
  exclusive: true,
  onLost: "lose",
  maxAttempts: 3,
  role: null,
  weight: 1,
  argv: null,
  poll: {},
  implementation: null,
  ...more,
});

export const thing: ResourceTypeDescriptor = {
  name: "thing",
  description: null,
  version: "1",
  role: "automate",
  runsOn: "any",
  connection: { type: "object" },
  configuration: null,
  check: "check",
  operations: {
    work: operation("work"),
    redo: operation("redo", { onLost: "requeue" }),
    look: operation("look", { exclusive: false }),
    heavy: operation("heavy", { exclusive: false, weight: 3 }),
    alone: operation("alone", { exclusive: false, weight: WHOLE_WORKER }),
    check: operation("check", { exclusive: false, onLost: "requeue" }),
    metrics: operation("metrics", { exclusive: false, onLost: "requeue" }),
  },
  builtin: true,
};

export async function seed(database: Database, names = ["a", "b", "c"]): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query(
      "INSERT INTO resource_type (name, version, descriptor, builtin, updated_at) VALUES ('thing', '1', $1, 1, 1) ON CONFLICT DO NOTHING",
      [JSON.stringify(thing)],
    );
    for (const name of names) {
      await tx.query(
        `INSERT INTO resource (name, type, zone, labels, connection, availability, version, created_at, updated_at)
         VALUES ($1, 'thing', 'default', ${tx.dialect.labelInput("$2")}, '{"plain":{},"sealed":null}', 'unknown', 1, 1, 1)`,
        [name, "{}"],
      );
    }
  });
}

/** Every row that the database says must not be, in words; empty in a sound queue. */
export async function unsound(database: Database): Promise<string[]> {
  const problems: string[] = [];
  const check = async (what: string, text: string) => {
    for (const row of await database.query<{ id: number }>(text)) problems.push(`${what}: ${row.id}`);
  };
  await check(
    "queued with no head on its resource",
    `SELECT id FROM entry e WHERE status = 'queued' AND exclusive = 1
       AND NOT EXISTS (SELECT 1 FROM entry h WHERE h.resource = e.resource AND h.head = 1)`,
  );
  await check(
    "events with a gap",
    `SELECT e.id FROM entry e WHERE e.last_event <> (SELECT count(*) FROM entry_event v WHERE v.entry = e.id)
       OR e.last_event <> (SELECT max(seq) FROM entry_event v WHERE v.entry = e.id)`,
  );
  await check(
    "lease of what does not run",
    "SELECT id FROM entry WHERE lease_expires IS NOT NULL AND finished_at IS NOT NULL",
  );
  await check(
    "request whose counters disagree with its tasks",
    `SELECT r.entry AS id FROM request r
     WHERE r.tasks <> (SELECT count(*) FROM entry e WHERE e.parent = r.entry)
       OR r.held <> (SELECT count(*) FROM entry e WHERE e.parent = r.entry AND e.held = 1)
       OR r.open <> (SELECT count(*) FROM entry e WHERE e.parent = r.entry AND e.held = 0 AND e.finished_at IS NULL)
       OR r.succeeded <> (SELECT count(*) FROM entry e WHERE e.parent = r.entry AND e.status = 'succeeded')
       OR r.canceled <> (SELECT count(*) FROM entry e WHERE e.parent = r.entry AND e.status = 'canceled')`,
  );
  await check(
    "request that does not end or go on",
    `SELECT r.entry AS id FROM request r JOIN entry p ON p.id = r.entry WHERE (p.finished_at IS NULL) <> (r.held + r.open > 0)
       OR (p.status = 'running' AND r.held > 0 AND r.open < r.concurrency)`,
  );
  return problems;
}
