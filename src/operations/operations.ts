/** Puts the operations together: what the server's routes call (`contract.ts`). */
import type { Logger } from "pino";
import { readEntry } from "../audit/read.ts";
import { readTree } from "../audit/tree.ts";
import type { Tracing } from "../core/tracing.ts";
import type { Database } from "../database/database.ts";
import { createSchemaValidator, type SchemaValidator } from "../domain/schema.ts";
import type { Children } from "../inventory/children.ts";
import type { SecretStore } from "../inventory/secret-store.ts";
import type { Targets } from "../inventory/targets.ts";
import { logMove, type Move } from "../queue/moves.ts";
import { createRates } from "../queue/rates.ts";
import { createSignals } from "../queue/signals.ts";
import { claimWithBeat, hasBeat } from "./beating-claims.ts";
import { createBeats } from "./beats.ts";
import { cancelEntry } from "./cancel.ts";
import { claimOne } from "./claim-one.ts";
import { requireLeasedContent } from "./content-use.ts";
import { DEFAULT_QUEUE_SETTINGS, type Context, type QueueSettings } from "./context.ts";
import type { Operations } from "./contract.ts";
import { listDeployments, rollBack } from "./deployments.ts";
import { changeSetting, listSettings } from "./settings.ts";
import { examine, type DoctorOptions } from "./doctor/doctor.ts";
import { createEntryWatch } from "./entry-watch.ts";
import { createFinish } from "./finish.ts";
import { createHeldClaims } from "./held-claims.ts";
import { createHeldLooks } from "./held-looks.ts";
import { holdHeartbeat } from "./heartbeat.ts";
import { listEntries } from "./list.ts";
import { createMaintenance, type Maintenance } from "./maintenance.ts";
import { orderWorkers } from "./orders.ts";
import { pausedRoutes, pauseRoute, resumeRoute } from "./pause.ts";
import { listQueue } from "./queue-list.ts";
import { readStats } from "./queue-stats.ts";
import { createReport } from "./report.ts";
import { retryEntry } from "./retry.ts";
import { fileScript, readScript } from "./scripts/file-script.ts";
import { createSessionWatch } from "./session-watch.ts";
import { listWorkers } from "./list-workers.ts";
import { registerWorker, reloadedTypes, stopWorker } from "./sessions.ts";
import { rememberTimes } from "./server-times.ts";
import { createSubmit } from "./submit.ts";
import { traceSubmit } from "./traced-submit.ts";
import { explainEntry } from "./why/why.ts";

export interface OperationsOptions {
  database: Database;
  targets: Targets;
  secrets: SecretStore;
  /** Writes the resources that operations make; default: none are. */
  children?: Children;
  log: Logger;
  settings?: Partial<QueueSettings>;
  validator?: SchemaValidator;
  /** Of this server, for the doctor: where its data is, and its version. */
  about?: DoctorOptions;
  /** Told of everything that happens to entries here, after it happened: metrics, spans. */
  onMove?: (move: Move) => void;
  /** Called by the maintenance: takes findings that rules select. */
  takeFound?: () => Promise<unknown>;
  /** Null or none = no spans. */
  tracing?: Tracing | null;
}

/** The operations, and the maintenance for tests that drive it by hand. */
export function createOperations(options: OperationsOptions): Operations & { maintenance: Maintenance } {
  const { database, targets, secrets, log } = options;
  const signals = createSignals(database);
  const settings = { ...DEFAULT_QUEUE_SETTINGS, ...options.settings };
  const schemas = options.validator ?? createSchemaValidator();
  const { children = null } = options;
  const context: Context = { database, signals, targets, secrets, children, schemas, settings, log };
  const watches = createEntryWatch(signals);
  const looks = createHeldLooks(context, watches);
  const sessions = createSessionWatch(signals);
  const claims = createHeldClaims(context);
  const beating = { context, claims, watches: sessions, beats: createBeats(context) };
  const maintenance = createMaintenance(context, schemas, options.takeFound);
  const submit = traceSubmit(createSubmit(context, schemas, claims), options.tracing ?? null);
  const stopping = new AbortController();
  const rates = createRates({ database, log });
  const workers = () => listWorkers(database, settings.lease);
  signals.subscribe((change) => {
    for (const move of change?.moves ?? []) {
      logMove(log, move);
      rates.count(move);
      options.onMove?.(move);
    }
  });

  return {
    maintenance,
    async submit(principal, request, batchKey, trace = null) {
      const answer = await submit({ principal, request, batchKey, trace });
      // Something due soon must not wait for the next tick.
      if (request.entries.some((entry) => entry.at !== undefined || entry.delay !== undefined)) maintenance.wake();
      return answer;
    },
    async submitScript(principal, request, key) {
      const answer = await fileScript(context, principal, request, key);
      if (answer.entry.status === "scheduled") maintenance.wake();
      return answer;
    },
    script: (id) => readScript(database, id),
    cancel: (principal, id, request) => cancelEntry(context, principal, id, request),
    retry: (principal, id, key) => retryEntry(context, submit, principal, id, key),
    entry: (id) => readEntry(database, id),
    tree: (id) => readTree(database, id),
    queue: (query) => listQueue(database, query),
    queueStats: () => readStats(context, rates),
    async gauges() {
      const started = performance.now();
      await database.query("SELECT 1 AS one");
      const roundTrip = performance.now() - started;
      const [stats, { items }] = await Promise.all([readStats(context, rates), workers()]);
      return { stats, workers: items, held: { claims: claims.size(), polls: looks.size() }, roundTrip };
    },
    doctor: () => examine(context, options.about ?? { dataDir: null, version: null }),
    why: (id) => explainEntry(context, claims.isAsking, id),
    entries: (query) => listEntries(database, query),
    events: (id, query, signal) => looks.events(id, query, signal),
    poll: (request, signal) => looks.poll(request, signal),
    pauseRoute: (principal, request) => pauseRoute(context, principal, request),
    resumeRoute: (principal, request) => resumeRoute(context, principal, request),
    pausedRoutes: () => pausedRoutes(context),
    settings: () => listSettings(database),
    changeSetting: (principal, name, value) => changeSetting(context, principal, name, value),
    registerWorker: (principal, request, saveTypes) => registerWorker(context, principal, request, saveTypes),
    claim(principal, session, request, signal) {
      const { entry } = request;
      if (entry !== undefined) return claimOne(context, principal, session, { ...request, entry });
      if (hasBeat(request)) return claimWithBeat(beating, principal, session, request, signal);
      return claims.claim(principal, session, request, signal);
    },
    heartbeat: (principal, session, request, signal) =>
      holdHeartbeat(
        context,
        sessions,
        principal,
        session,
        request,
        AbortSignal.any(signal ? [signal, stopping.signal] : [stopping.signal]),
      ),
    report: createReport(context),
    finish: createFinish(context, claims),
    stopWorker: (principal, session, request) => stopWorker(context, principal, session, request),
    deployments: (ref, query) => listDeployments(context, ref, query),
    rollBack: (principal, ref, request, key) => rollBack(context, submit, principal, ref, request, key),
    requireLeasedContent: (principal, session, leased) => requireLeasedContent(context, principal, session, leased),
    workers,
    orderWorkers: (principal, request, signal) =>
      orderWorkers(context, principal, request, AbortSignal.any([signal, stopping.signal])),
    reloadedTypes: (principal, session, request, saveTypes) =>
      reloadedTypes(context, principal, session, request, saveTypes),
    async start() {
      await rememberTimes(database, settings);
      maintenance.start();
      rates.start();
    },
    async stop() {
      stopping.abort();
      looks.stop();
      watches.stop();
      sessions.stop();
      claims.stop();
      await maintenance.stop();
      await rates.stop();
      signals.stop();
    },
  };
}
