/**
 * The answers of the API, and the request types again for importers that must not load the schemas (the CLI's and the
 * sandbox's start-up): everything here is a type and vanishes at run time.
 */
import type { ErrorBody } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Content } from "../domain/content.ts";
import type { Deployment } from "../domain/deployment.ts";
import type { Entry, EntryEvent } from "../domain/entry.ts";
import type { Finding } from "../domain/finding.ts";
import type { QueueItem } from "../domain/queue.ts";
import type { Group, Resource, SizedGroup } from "../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { InventoryDocument } from "./inventory-schemas.ts";
import type { Assignment, OrderOutcome, Worker, WorkerCommand, WorkerOrder } from "../domain/worker.ts";

export type * from "./schemas.ts";
export type * from "./inventory-schemas.ts";
export type * from "./script-schemas.ts";
export type * from "./worker-schemas.ts";
export type * from "./order-schemas.ts";
export type * from "./queue-schemas.ts";
export type * from "./content-schemas.ts";

/** POST /v1/entries → 200. One outcome an item, in order; with `atomic`, errors refuse the whole request instead. */
export interface SubmitAnswer {
  entries: SubmitOutcome[];
}
/** `replayed`: the idempotency key matched an entry that was filed before. */
export type SubmitOutcome = { entry: Entry; replayed: boolean } | { error: ErrorBody };

/** POST /v1/scripts → 200 */
export interface ScriptAnswer {
  entry: Entry;
  replayed: boolean;
}
/** POST /v1/resources/:name/rollback → 200: the entry of the deploy. */
export interface RollbackAnswer {
  entry: Entry;
  replayed: boolean;
}
/** GET /v1/scripts/:id: what was uploaded. */
export interface ScriptSource {
  entry: number;
  file: string;
  files: Record<string, string>;
}

/** POST /v1/entries/poll → 200. Entries that changed since `seen`; unknown ids have an error. */
export interface PollAnswer {
  entries: PollChange[];
  /** Of polls for the ends of many entries: to be sent with the next, which then names only what is new. */
  cursor?: string;
  /** The cursor is of another server, or forgotten: ask again without it, for everything. */
  restart?: true;
}
export type PollChange =
  | { id: number; entry: Entry; events?: EntryEvent[]; more?: boolean }
  | { id: number; error: ErrorBody };

export interface Page<T> {
  items: T[];
  /** Pass it as `cursor` for the next page; null at the end. */
  next: string | null;
}

export type ContentAnswer = Page<Content>;
/** GET /v1/resources/:name/deployments, the newest first. */
export type DeploymentsAnswer = Page<Deployment>;
export type EntriesAnswer = Page<Entry>;
/** GET /v1/queue, the oldest first. A page may be short, or empty, before the end: then `next` goes on. */
export type QueueAnswer = Page<QueueItem>;
/** GET /v1/entries/:id/events: gap-free from `after`; `done` when the entry is terminal and this is the log's end. */
export interface EventsAnswer {
  events: EntryEvent[];
  done: boolean;
}
export type ResourcesAnswer = Page<Resource>;
export interface TypesAnswer {
  items: ResourceTypeDescriptor[];
}
export interface GroupsAnswer {
  /** `size` only when it was asked for. */
  items: Array<Group & Partial<SizedGroup>>;
}

/** One value that differs; the value of a secret is never told. A side that is missing has or had nothing. */
export interface PlanDifference {
  /** `labels.tier` */
  path: string;
  from?: Json;
  to?: Json;
  secret?: true;
}
export interface PlanChange {
  what: "type" | "resource" | "group";
  name: string;
  action: "add" | "change" | "same" | "remove";
  /** For changes: the top-level keys that differ. */
  keys: string[];
  /** For changes: each value that differs. */
  differences: PlanDifference[];
  /** Why, in a few words. */
  reason: string;
}
/** POST /v1/inventory/apply */
export interface ApplyAnswer {
  applied: boolean;
  changes: PlanChange[];
  notices: string[];
}

/** GET /v1/discoveries */
export interface FindingsAnswer {
  items: Finding[];
  /** `after` of the next page; null = this is the last one. */
  next: number | null;
}

/** GET /v1/inventory/export */
export interface ExportAnswer {
  document: Pick<InventoryDocument, "types" | "resources" | "groups">;
  /** Paths of the masks in it; applied again, a mask keeps the stored value. */
  secrets: string[][];
  /** What could not be written. */
  notices: string[];
}

/** A route that nothing is claimed from until it is resumed. */
export interface PausedRoute {
  route: string;
  pausedBy: string;
  pausedAt: string;
  reason: string | null;
}
/** GET /v1/queue/paused */
export interface PausedRoutesAnswer {
  items: PausedRoute[];
}
/** POST /v1/queue/pause: how it is paused now; `already` when somebody had paused it before. */
export interface PauseAnswer extends PausedRoute {
  already: boolean;
}

export type TokenRole = "viewer" | "operator" | "worker" | "admin";
export interface Token {
  id: number;
  name: string;
  role: TokenRole;
  zones: string[] | null;
  roles: string[] | null;
  createdBy: string;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
}
/** POST /v1/tokens: the only time the secret is shown. */
export interface TokenCreated extends Token {
  token: string;
}

/** A secret of the store, without its value. */
export interface StoredSecret {
  name: string;
  /** The name of the token that set it last. */
  updatedBy: string;
  createdAt: string;
  updatedAt: string;
}
/** GET /v1/secrets/:name */
export interface SecretValue {
  name: string;
  value: string;
}

/** GET /v1/me */
export interface Me {
  name: string;
  role: TokenRole;
  server: { version: string; engine: "sqlite" | "postgres"; startedAt: string };
}

export interface WorkersAnswer {
  items: Worker[];
}

/** POST /v1/workers/ask and /v1/workers/control: one outcome for each worker that was meant, by name. */
export interface OrdersAnswer {
  command: WorkerCommand;
  items: OrderOutcome[];
}

// The worker protocol

export interface RegisterAnswer {
  /** Names the session in every later call. */
  session: string;
  /** ms a lease lives without a heartbeat. */
  lease: number;
  /** ms between heartbeats. */
  heartbeat: number;
  /** ms after the deadline at which the server ends the entry by itself. */
  grace: number;
}
export interface ClaimAnswer {
  assignments: Assignment[];
  /** To the beat of the claim. */
  beat?: HeartbeatAnswer;
}
export interface LeaseRef {
  entry: number;
  attempt: number;
}
export interface HeartbeatAnswer {
  /** Asked to cancel: abort and finish as canceled. */
  cancel: LeaseRef[];
  /** Not yours any more: stop the work, report nothing. */
  lost: LeaseRef[];
  /** Leased to this session but not listed: take them or hand them back. */
  unlisted: Assignment[];
  /** Stop claiming, finish what runs, stop. */
  drain: boolean;
  /** To obey once each, and to answer in the next heartbeat; named again until they are answered. */
  orders: WorkerOrder[];
}
/** One answer an item, in order. */
export interface ReportAnswer {
  reports: Array<{ ok: true; lastChunk: number; cancel: boolean } | { error: ErrorBody }>;
}
export interface FinishAnswer {
  finishes: Array<{ ok: true } | { error: ErrorBody }>;
  /** What the claim that came with it was answered with; absent when there was none. */
  assignments?: Assignment[];
}
