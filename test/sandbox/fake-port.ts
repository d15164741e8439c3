/** A ClientPort and LookupPort in the process: entries that end when, and how, a test says. */
import type {
  Call,
  RequestCall,
  ClientPort,
  EventsRead,
  HistoryQuery,
  LookupPort,
  WaitResult,
} from "../../src/client/port.ts";
import { WilcoError } from "../../src/core/errors.ts";
import type { Json, JsonObject } from "../../src/core/json.ts";
import type { Entry, EntryError } from "../../src/domain/entry.ts";
import type { PollPolicy } from "../../src/domain/poll-policy.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../../src/domain/resource-type.ts";
import type { Resource } from "../../src/domain/resource.ts";
import { isTerminal, type Status } from "../../src/domain/status.ts";

export interface Answer {
  status: Status;
  result?: Json;
  error?: EntryError;
}

export interface FakePort extends ClientPort, LookupPort {
  /** Every call, as [method, …arguments]. */
  readonly calls: unknown[][];
  readonly filed: Entry[];
  /** Ends an entry. */
  finish(id: number, answer?: Answer): void;
  /** Resolves when a call of this method comes (or has come) for the `count`-th time. */
  called(method: string, count?: number): Promise<void>;
}

export interface FakeOptions {
  resources?: Resource[];
  /** How an operation ends; undefined = it runs until `finish`. */
  run?: (call: Call) => Answer | undefined;
  pollDefaults?: Partial<PollPolicy>;
  lookup?: Partial<LookupPort>;
  port?: Partial<ClientPort>;
}

export function resourceNamed(name: string, id: number, type = "process"): Resource {
  return {
    id,
    name,
    type,
    zone: "default",
    worker: null,
    labels: { tier: "web" },
    parent: null,
    description: null,
    connection: {},
    availability: "unknown",
    availabilityAt: null,
    availabilitySince: null,
    availabilityReason: null,
    checkEvery: null,
    metricsEvery: null,
    version: 1,
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
  };
}

export function operation(name: string): OperationDescriptor {
  return {
    name,
    description: null,
    parameters: { type: "object" },
    result: null,
    timeout: 3_600_000,
    exclusive: true,
    onLost: "lose",
    maxAttempts: 3,
    role: null,
    weight: 1,
    argv: null,
    poll: {},
    implementation: null,
  };
}

export const PROCESS: ResourceTypeDescriptor = {
  name: "process",
  description: null,
  version: "1",
  role: "automate",
  runsOn: "any",
  connection: {},
  configuration: null,
  check: "status",
  operations: Object.fromEntries(["restart", "status", "stop"].map((name) => [name, operation(name)])),
  builtin: true,
};

export function createFakePort(options: FakeOptions = {}): FakePort {
  const resources = options.resources ?? [resourceNamed("web-1", 1), resourceNamed("web-2", 2)];
  const entries = new Map<number, Entry>();
  const calls: unknown[][] = [];
  const filed: Entry[] = [];
  const waiters = new Map<number, Array<() => void>>();
  const watchers: Array<{ method: string; count: number; resolve: () => void }> = [];

  const count = (method: string): number => calls.filter(([name]) => name === method).length;
  function note(method: string, ...args: unknown[]): void {
    calls.push([method, ...args]);
    for (const watcher of watchers) if (count(watcher.method) >= watcher.count) watcher.resolve();
  }

  function entryOf(id: number): Entry {
    const entry = entries.get(id);
    if (!entry)
      throw new WilcoError({
        code: "unknown_entry",
        message: `There is no entry ${id}`,
        hint: "Look with wilco history.",
      });
    return entry;
  }

  function finish(id: number, answer: Answer = { status: "succeeded" }): void {
    const entry = entryOf(id);
    const finishedAt = isTerminal(answer.status) ? "2026-01-01T00:00:01.000Z" : null;
    entries.set(id, {
      ...entry,
      status: answer.status,
      result: answer.result ?? null,
      error: answer.error ?? null,
      finishedAt,
      lastEvent: entry.lastEvent + 1,
    });
    for (const wake of waiters.get(id) ?? []) wake();
  }

  const port: FakePort = {
    calls,
    filed,
    finish,
    called(method, wanted = 1) {
      return new Promise((resolve) => {
        if (count(method) >= wanted) resolve();
        else watchers.push({ method, count: wanted, resolve });
      });
    },
    pollDefaults: options.pollDefaults ?? {},
    requireWorker: undefined,
    async submit(submitted) {
      note("submit", submitted);
      const call = "group" in submitted ? asCall(submitted) : submitted;
      const entry = newEntry(entries.size + 1, call);
      entries.set(entry.id, entry);
      filed.push(entry);
      const answer = options.run
        ? options.run(call)
        : { status: "succeeded" as const, result: { done: call.operation } };
      if (answer) finish(entry.id, answer);
      return entry;
    },
    async wait(id, policy): Promise<WaitResult> {
      note("wait", id, policy);
      while (!isTerminal(entryOf(id).status)) {
        await new Promise<void>((resolve) => waiters.set(id, [...(waiters.get(id) ?? []), resolve]));
      }
      return { entry: entryOf(id), ended: true, looks: 1 };
    },
    async cancel(id, cancel) {
      note("cancel", id, cancel);
      finish(id, { status: "canceled" });
      return entryOf(id);
    },
    async retry(id) {
      note("retry", id);
      return port.submit(filed[id - 1]!.parameters["call"] as unknown as Call);
    },
    async entry(id) {
      note("entry", id);
      return entryOf(id);
    },
    async entries(query: HistoryQuery) {
      note("entries", query);
      return [...entries.values()];
    },
    async events(id, after, wait): Promise<EventsRead> {
      note("events", id, after, wait);
      return { events: [], done: true };
    },
    tree: async (id) => ({ ...entryOf(id), children: [], retries: [], truncated: false }),
    configuration: async () => ({
      resource: "web-1",
      version: 0,
      configuration: null,
      author: null,
      at: null,
      entry: null,
    }),
    async availabilityHistory(id, query) {
      note("availabilityHistory", id, query);
      throw new Error("not asked for here");
    },
    async metricHistory(id, query) {
      note("metricHistory", id, query);
      throw new Error("not asked for here");
    },
    deployments: async () => [],
    rollBack: async ({ to: _to, ...call }) => port.submit({ ...call, operation: "deploy", parameters: {} }),
    configurationVersions: async () => [],
    configurationDifferences: async () => [],
    sleep: async () => {},
    resource(idOrName) {
      note("resource", idOrName);
      const found = resources.find(({ id, name }) => id === idOrName || name === idOrName);
      if (!found)
        throw new WilcoError({
          code: "unknown_resource",
          message: `There is no resource "${idOrName}"`,
          hint: 'Did you mean "web-1"?',
        });
      return found;
    },
    async resources(selector, parent) {
      note("resources", selector, parent);
      return resources;
    },
    secret: async (name) => `value of ${name}`,
    async type(name) {
      note("type", name);
      return PROCESS;
    },
    ...options.port,
    ...options.lookup,
  };
  return port;
}

/** A request as the call of something of that name. */
function asCall({ group, members: _members, ...call }: RequestCall): Call {
  return { ...call, resource: 1, resourceName: group, type: "group" };
}

function newEntry(id: number, call: Call): Entry {
  return {
    id,
    kind: "operation",
    status: "queued",
    resource: { id: call.resource, name: call.resourceName, type: call.type },
    operation: call.operation,
    parameters: call.parameters as JsonObject,
    result: null,
    error: null,
    requestedBy: "tester",
    automatic: false,
    note: null,
    route: "default/automate",
    priority: 100,
    exclusive: true,
    parent: null,
    retryOf: null,
    after: [],
    worker: null,
    attempt: 0,
    progress: null,
    timeout: 3_600_000,
    warning: null,
    createdAt: "2026-01-01T00:00:00.000Z",
    deliverAt: null,
    queuedAt: "2026-01-01T00:00:00.000Z",
    startedAt: null,
    finishedAt: null,
    workerSeenAt: null,
    lastEvent: 1,
    targets: null,
    tasks: null,
  };
}
