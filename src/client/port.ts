/**
 * What a proxy and an execution need of the world outside. Two implementations: `client/node-port.ts` (Node programs,
 * the CLI, and the host side of the sandbox) and `sandbox/guest/port.ts` (inside QuickJS, over the JSON bridge). So
 * `Execution`, `ResourceProxy` and `history` are written once and import nothing of Node's: they run in both.
 */
import type { AvailabilityHistory } from "../domain/availability.ts";
import type { MetricHistory } from "../domain/metrics.ts";
import type { ConfigurationDifference, ConfigurationVersion, KnownConfiguration } from "../domain/configuration.ts";
import type { FileHandle } from "node:fs/promises";
import type { ContentRef } from "../domain/content.ts";
import type { Deployment } from "../domain/deployment.ts";
import type { Dependency, Entry, EntryEvent } from "../domain/entry.ts";
import type { EntryTree } from "../domain/entry-tree.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import type { TaskOrder } from "../domain/request.ts";
import type { Resource } from "../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { SeenEntry } from "./seen-entry.ts";

/** A call as the proxy hands it over: everything snapshotted and normalised (ms, numbers, ISO times). */
export interface Call {
  /** Resource id. */
  resource: number;
  resourceName: string;
  type: string;
  operation: string;
  parameters: Record<string, unknown>;
  timeout?: number;
  priority?: number;
  at?: string;
  delay?: number;
  zone?: string;
  worker?: string;
  after?: Dependency[];
  requireWorker?: number;
  idempotencyKey?: string;
  note?: string;
  /** Names of the parameters that are files, `{ file: path }`, until they are in the content store. */
  files?: string[];
  /** Names of stored secrets that were looked up before the call. */
  secrets?: string[];
}

/** One operation on every member of a group, as one entry with a task for each. */
export interface RequestCall extends Omit<Call, "resource" | "resourceName" | "type"> {
  group: string;
  /** Ids or names of members, by who passes the call on and knows which; else the server takes all of the moment. */
  members?: Array<number | string>;
  concurrency?: number | string;
  order?: TaskOrder;
  haltOnFailure?: boolean;
  minSuccess?: number | string;
  serial?: boolean;
  allowEmpty?: boolean;
}

/** The deploy of an older version of a resource. */
export interface RollbackCall extends Omit<Call, "operation" | "parameters" | "files"> {
  /** Default: the version before the current one. */
  to?: number;
}

export interface WaitResult {
  entry: Entry;
  /** False when the poll policy's limit or waitTimeout came first: the operation goes on. */
  ended: boolean;
  /** Looks counted so far. */
  looks: number;
}

export interface EventsRead {
  events: EntryEvent[];
  /** The entry is terminal and these are its last events. */
  done: boolean;
}

export interface HistoryQuery {
  status?: string | string[];
  resource?: string | number;
  operation?: string;
  kind?: string;
  requestedBy?: string;
  /** Also the checks and metrics that wilco files by itself. Default false. */
  automatic?: boolean;
  parent?: number;
  since?: string;
  until?: string;
  order?: "newest" | "oldest";
  /** At most this many; default 100. */
  limit?: number;
}

export interface ObservationQuery {
  /** ISO 8601, or how long ago: "1h". Default 7 days for the availability, an hour for metrics. */
  since?: string;
  /** The same; default now. */
  until?: string;
  /** Changes of availability, the newest. Default 200. */
  limit?: number;
}

export interface MetricHistoryQuery extends Omit<ObservationQuery, "limit"> {
  /** Of one metric; default all. */
  name?: string;
  /** At most so many points, the samples between averaged. Default 240. */
  points?: number;
}

/** Told of a call, never in the tick in which it is made. */
export interface RunListener {
  filed(seen: SeenEntry): void;
  /** A wait for it is over. */
  followed(seen: SeenEntry, ended: boolean, looks: number): void;
  /** It was refused, or a wait for it broke off. */
  failed(error: unknown): void;
}

export interface Run {
  /** Waits for its end, from its filing on. One wait at a time. */
  follow(policy: PollPolicy): void;
}

export interface ClientPort {
  /** Files a call. Calls of one tick travel in one request. Rejects with what refused it; then nothing was filed. */
  submit(call: Call | RequestCall): Promise<Entry>;
  /** As `submit` and then `wait`, for whom one message less and no promise spare time: in the sandbox. */
  run?(call: Call | RequestCall, listener: RunListener): Run;
  /** Files the deploy of an older version. */
  rollBack(call: RollbackCall): Promise<Entry>;
  /** Polls until the entry is terminal, or the policy's limit. One poller serves all waits. */
  wait(id: number, policy: PollPolicy): Promise<WaitResult>;
  cancel(id: number, options: { force?: boolean; reason?: string }): Promise<Entry>;
  retry(id: number): Promise<Entry>;
  entry(id: number): Promise<Entry>;
  entries(query: HistoryQuery): Promise<Entry[]>;
  tree(id: number): Promise<EntryTree>;
  /** Events above `after`; held up to `wait` ms when there are none yet. */
  events(id: number, after: number, wait: number): Promise<EventsRead>;
  /** What is known of a resource's configuration. @param version default the newest. */
  configuration(resource: number, version?: number): Promise<KnownConfiguration>;
  /** Newest first, at most `limit`. */
  configurationVersions(resource: number, limit: number): Promise<ConfigurationVersion[]>;
  availabilityHistory(resource: number, query: ObservationQuery): Promise<AvailabilityHistory>;
  metricHistory(resource: number, query: MetricHistoryQuery): Promise<MetricHistory>;
  /** Newest first, at most `limit`. */
  deployments(resource: number, limit: number): Promise<Deployment[]>;
  configurationDifferences(resource: number, from: number, to: number): Promise<ConfigurationDifference[]>;
  /** Sends an open file to the content store. Only where there are files: not inside the sandbox. */
  upload?(handle: FileHandle, name: string): Promise<ContentRef>;
  sleep(ms: number): Promise<void>;
  /** Poll settings below the call and with(): flags, then profile. */
  readonly pollDefaults: Partial<PollPolicy>;
  /** Default of `requireWorker`, ms; undefined = off. */
  readonly requireWorker: number | undefined;
}

/** Direct values in the sandbox (its thread blocks), promises in Node. */
export type Looked<T> = T | Promise<T>;

export interface LookupPort {
  resource(idOrName: string | number): Looked<Resource>;
  /** Every page of it. */
  resources(selector: string, parent?: string): Looked<Resource[]>;
  type(name: string): Looked<ResourceTypeDescriptor>;
  /** The value of a stored secret. What is submitted from then on names it, so that it is masked. */
  secret(name: string): Looked<string>;
  /** The same, with a server that is not there tried again for at most this long, ms: the error says why it is not. */
  within?(retryTime: number): LookupPort;
}

/** Goes on with a looked-up value without making a direct one a promise. */
export function whenLooked<T, R>(value: Looked<T>, next: (value: T) => Looked<R>): Looked<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
