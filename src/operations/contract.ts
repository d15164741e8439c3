/** What the server's routes call. Every change is one transaction; held calls answer early when something changes. */
import type { Principal } from "../access/principal.ts";
import type { LightSignal } from "../core/light-abort.ts";
import type { Transaction } from "../database/database.ts";
import type { DoctorAnswer } from "../domain/doctor.ts";
import type { Entry } from "../domain/entry.ts";
import type { EntryTree } from "../domain/entry-tree.ts";
import type { QueueStats } from "../domain/queue.ts";
import type { Setting } from "../domain/settings.ts";
import type { Why } from "../domain/why.ts";
import type { Worker } from "../domain/worker.ts";
import type {
  CancelRequest,
  ClaimAnswer,
  ClaimRequest,
  DeploymentsAnswer,
  DeploymentsQuery,
  EntriesAnswer,
  EntriesQuery,
  EventsAnswer,
  EventsQuery,
  FinishAnswer,
  FinishRequest,
  HeartbeatAnswer,
  HeartbeatRequest,
  LeasedContent,
  OrderRequest,
  OrdersAnswer,
  PauseAnswer,
  PausedRoute,
  PauseRequest,
  PollAnswer,
  PollRequest,
  QueueAnswer,
  QueueQuery,
  RegisterAnswer,
  RegisterRequest,
  ReloadedTypes,
  ReportAnswer,
  ReportRequest,
  StopRequest,
  ResumeRequest,
  RollbackAnswer,
  RollbackRequest,
  ScriptAnswer,
  ScriptSource,
  ScriptSubmission,
  SubmitAnswer,
  SubmitRequest,
  WorkersAnswer,
} from "../protocol/messages.ts";

export type { Principal } from "../access/principal.ts";

/** @throws WilcoError when a type is refused; then the registration is. */
export type SaveTypes = (tx: Transaction, descriptors: readonly unknown[]) => Promise<unknown>;

export interface Operations {
  /** `batchKey` is the Idempotency-Key header; items without a key of their own get `batchKey#index`. */
  submit(
    principal: Principal,
    request: SubmitRequest,
    batchKey: string | undefined,
    /** W3C traceparent, kept with the entries and handed to their workers. */
    trace?: string | null,
  ): Promise<SubmitAnswer>;
  /** Files a script that is to run on the server. */
  submitScript(principal: Principal, request: ScriptSubmission, key: string | undefined): Promise<ScriptAnswer>;
  /** What was uploaded for the entry of a script. */
  script(id: number): Promise<ScriptSource>;
  cancel(principal: Principal, id: number, request: CancelRequest): Promise<Entry>;
  /** A new entry with the same call, that names the old. */
  retry(principal: Principal, id: number, key: string | undefined): Promise<Entry>;

  entry(id: number): Promise<Entry>;
  /** All that belongs together with it: requests with tasks, scripts with calls, entries with retries. */
  tree(id: number): Promise<EntryTree>;
  /** The first condition that holds an entry back, and what would free it. */
  why(id: number): Promise<Why>;
  queue(query: QueueQuery): Promise<QueueAnswer>;
  queueStats(): Promise<QueueStats>;
  /** What the metrics look up: also what this server holds open (requests) and a database round trip (ms). */
  gauges(): Promise<{
    stats: QueueStats;
    workers: Worker[];
    held: { claims: number; polls: number };
    roundTrip: number;
  }>;
  /** What is wrong and what to do about it, as this server sees it. */
  doctor(): Promise<DoctorAnswer>;
  entries(query: EntriesQuery): Promise<EntriesAnswer>;
  /** Held up to `query.wait` while there is nothing after `query.after`. */
  events(id: number, query: EventsQuery, signal: AbortSignal): Promise<EventsAnswer>;
  /** Held up to `request.wait` while nothing changed. */
  poll(request: PollRequest, signal: AbortSignal): Promise<PollAnswer>;

  /** When it is answered, no server claims from the route any more. Repeated, the first pause stands. */
  pauseRoute(principal: Principal, request: PauseRequest): Promise<PauseAnswer>;
  resumeRoute(principal: Principal, request: ResumeRequest): Promise<PausedRoute>;
  pausedRoutes(): Promise<PausedRoute[]>;
  /** Of the database, for all servers. */
  settings(): Promise<Setting[]>;
  /** @param value ms; null = the default. @throws WilcoError `invalid_request`. */
  changeSetting(principal: Principal, name: string, value: number | null): Promise<Setting>;

  /** @param saveTypes stores the types it brings, in the registration's transaction: refused, it leaves nothing. */
  registerWorker(principal: Principal, request: RegisterRequest, saveTypes: SaveTypes): Promise<RegisterAnswer>;
  /** Held up to `request.wait` while there is nothing to claim; a newer claim of the session ends it empty. */
  claim(principal: Principal, session: string, request: ClaimRequest, signal: LightSignal): Promise<ClaimAnswer>;
  /** Renews at once; the answer is held up to `request.wait` while there is nothing to obey. */
  heartbeat(
    principal: Principal,
    session: string,
    request: HeartbeatRequest,
    signal?: AbortSignal,
  ): Promise<HeartbeatAnswer>;
  report(principal: Principal, session: string, request: ReportRequest): Promise<ReportAnswer>;
  finish(principal: Principal, session: string, request: FinishRequest): Promise<FinishAnswer>;
  stopWorker(principal: Principal, session: string, request?: StopRequest): Promise<void>;
  /** Versions of a resource, the newest first. @throws WilcoError `unknown_resource`. */
  deployments(ref: string | number, query: DeploymentsQuery): Promise<DeploymentsAnswer>;
  /** Files the deploy of an older version. @throws WilcoError `conflict`, and whatever refuses a submit. */
  rollBack(
    principal: Principal,
    ref: string | number,
    request: RollbackRequest,
    key: string | undefined,
  ): Promise<RollbackAnswer>;
  /** That a worker may read a content. @throws WilcoError `session_ended`, `lease_lost`, `unknown_content`. */
  requireLeasedContent(principal: Principal, session: string, leased: LeasedContent): Promise<void>;
  workers(): Promise<WorkersAnswer>;
  /** Held until all workers meant have answered, or `request.wait` is over. */
  orderWorkers(principal: Principal, request: OrderRequest, signal: AbortSignal): Promise<OrdersAnswer>;
  /** The worker has loaded its types anew. @param saveTypes as of a registration: refused, nothing has changed. */
  reloadedTypes(principal: Principal, session: string, request: ReloadedTypes, saveTypes: SaveTypes): Promise<void>;

  /** Starts maintenance (due, expiry, reaper, reconciler). */
  start(): Promise<void>;
  /** Answers held calls, stops maintenance. */
  stop(): Promise<void>;
}
