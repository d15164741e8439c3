/** A server in memory behind a ClientPort and a LookupPort, with a clock that only the test moves. */
import { nearest } from "../../../src/core/suggest.ts";
import { WilcoError } from "../../../src/core/errors.ts";
import type { Call, RequestCall, ClientPort, LookupPort, WaitResult } from "../../../src/client/port.ts";
import { createExecutionTracker } from "../../../src/client/execution-tracker.ts";
import type { LookMode } from "../../../src/client/resource-members.ts";
import { createScriptApi } from "../../../src/client/script-api.ts";
import type { Entry, EntryEvent } from "../../../src/domain/entry.ts";
import { pollDelay, type PollPolicy } from "../../../src/domain/poll-policy.ts";
import type { Resource } from "../../../src/domain/resource.ts";
import type { ResourceTypeDescriptor } from "../../../src/domain/resource-type.ts";
import { isTerminal } from "../../../src/domain/status.ts";
import { parseSelector } from "../../../src/domain/selector.ts";
import { entryOf, resourceOf, webServer } from "./fixtures.ts";
import { manualClock } from "./manual-clock.ts";

export interface WorldOptions {
  resources?: Resource[];
  types?: ResourceTypeDescriptor[];
  pollDefaults?: Partial<PollPolicy>;
  requireWorker?: number;
  /** Look-ups answer with promises, as in Node. */
  promised?: boolean;
}

export function createWorld<M extends LookMode = "direct">(options: WorldOptions = {}) {
  const { resources = [resourceOf()], types = [webServer], pollDefaults = {}, requireWorker, promised } = options;
  const clock = manualClock();
  const tracker = createExecutionTracker();
  const entries = new Map<number, Entry>();
  const events = new Map<number, EntryEvent[]>();
  const submitted: Call[] = [];
  const requested: RequestCall[] = [];
  const waits: Array<{ id: number; policy: PollPolicy }> = [];
  const looked: string[] = [];
  let changed: Array<() => void> = [];
  let refusal: WilcoError | undefined;
  let onFiled: (entry: Entry, call: Call) => void = () => {};

  function update(id: number, fields: Partial<Entry>): Entry {
    const old = entries.get(id) ?? entryOf({ id });
    const entry = { ...old, ...fields, lastEvent: old.lastEvent + 1 };
    entries.set(id, entry);
    for (const wake of changed.splice(0)) wake();
    return entry;
  }

  function known(id: number): Entry {
    const entry = entries.get(id);
    if (!entry) throw new WilcoError({ code: "unknown_entry", message: `There is no entry ${id}` });
    return entry;
  }

  const port: ClientPort = {
    pollDefaults,
    requireWorker,
    tree: async (id) => ({ ...known(id), children: [], retries: [], truncated: false }),
    configuration: async () => ({
      resource: "web-1",
      version: 0,
      configuration: null,
      author: null,
      at: null,
      entry: null,
    }),
    availabilityHistory: async () => {
      throw new Error("not asked for here");
    },
    metricHistory: async () => {
      throw new Error("not asked for here");
    },
    deployments: async () => [],
    rollBack: async ({ to: _to, ...call }) => port.submit({ ...call, operation: "deploy", parameters: {} }),
    configurationVersions: async () => [],
    configurationDifferences: async () => [],
    async submit(call) {
      if ("group" in call) {
        requested.push(call);
        const { group, operation } = call;
        const request = {
          id: 5_000 + requested.length,
          kind: "request" as const,
          operation,
          targets: `group=${group}`,
        };
        const entry = entryOf({ ...request, resource: null, status: "running", tasks: { queued: resources.length } });
        entries.set(entry.id, entry);
        return entry;
      }
      submitted.push(call);
      if (refusal) throw refusal;
      const id = 1041 + submitted.length;
      const resource = { id: call.resource, name: call.resourceName, type: call.type };
      const entry = entryOf({ id, resource, operation: call.operation, after: call.after ?? [] });
      entries.set(id, entry);
      onFiled(entry, call);
      return entry;
    },
    wait(id, policy) {
      waits.push({ id, policy });
      return new Promise<WaitResult>((resolve, reject) => {
        let looks = 0;
        let over = false;
        const end = (ended: boolean) => {
          over = true;
          resolve({ entry: known(id), ended, looks });
        };
        const look = () => {
          if (over) return;
          if (++looks >= policy.limit) end(false);
          else clock.after(pollDelay(policy, looks + 1), look);
        };
        const see = () => {
          if (over) return;
          if (refusal) return reject(refusal);
          if (isTerminal(known(id).status)) end(true);
          else changed.push(see);
        };
        see();
        if (over) return;
        clock.after(pollDelay(policy, 1), look);
        if (policy.waitTimeout !== Infinity) clock.after(policy.waitTimeout, () => over || end(false));
      });
    },
    async cancel(id, { reason }) {
      const error = { code: "canceled", message: reason ?? "asked to", source: "operation" } as const;
      return update(id, { status: "canceled", error });
    },
    async retry(id) {
      const entry = entryOf({ ...known(id), id: 2000 + id, retryOf: id, status: "queued", lastEvent: 1 });
      entries.set(entry.id, entry);
      return entry;
    },
    entry: async (id) => known(id),
    entries: async (query) =>
      [...entries.values()].filter((one) => !query.resource || one.resource?.id === query.resource),
    async events(id, after, wait) {
      const read = () => (events.get(id) ?? []).filter((event) => event.seq > after);
      while (read().length === 0 && !isTerminal(known(id).status)) {
        if (wait === 0) break;
        await new Promise<void>((resolve) => changed.push(resolve));
      }
      return { events: read(), done: isTerminal(known(id).status) };
    },
    sleep: (ms) => new Promise<void>((resolve) => void clock.after(ms, resolve)),
  };

  function answer<T>(read: () => T): T | Promise<T> {
    return promised ? Promise.resolve().then(read) : read();
  }

  const lookup: LookupPort = {
    resource: (idOrName) =>
      answer(() => {
        looked.push(`resource ${idOrName}`);
        const found = resources.find((one) => one.name === idOrName || one.id === idOrName);
        if (found) return { ...found };
        const near = nearest(
          String(idOrName),
          resources.map((one) => one.name),
        );
        throw new WilcoError({
          code: "unknown_resource",
          message: `There is no resource "${idOrName}"`,
          hint: near ? `Did you mean "${near}"?` : undefined,
        });
      }),
    resources: (selector, parent) =>
      answer(() => {
        looked.push(`resources ${selector}`);
        const { names, terms } = parseSelector(selector);
        return resources.filter(
          (one) =>
            (names.length === 0 || names.includes(one.name)) &&
            // Everything is in every group.
            terms.every(
              ({ key, label, value }) => key === "group" || (label ? one.labels[key] : one[key as "type"]) === value,
            ) &&
            (parent === undefined || one.parent === parent),
        );
      }),
    secret: (name) => answer(() => `value of ${name}`),
    type: (name) =>
      answer(() => {
        looked.push(`type ${name}`);
        return types.find((one) => one.name === name)!;
      }),
  };

  return {
    ...createScriptApi<M>({ port, lookup, tracker, now: clock.now }),
    port,
    lookup,
    clock,
    tracker,
    /** What the look-ups find. */
    inventory: resources,
    submitted,
    requested,
    waits,
    looked,
    update,
    /** Ends an entry. */
    finish: (id: number, fields: Partial<Entry> = {}) =>
      update(id, { status: "succeeded", attempt: 1, finishedAt: "2026-01-01T00:00:01.000Z", ...fields }),
    /** Appends events to an entry's log. */
    log(id: number, ...added: Array<Partial<EntryEvent>>) {
      const list = events.get(id) ?? [];
      events.set(id, list);
      for (const event of added) {
        list.push({
          seq: list.length + 1,
          at: "2026-01-01T00:00:00.000Z",
          type: "output",
          attempt: 1,
          data: {},
          ...event,
        });
      }
      update(id, {});
    },
    /** Every submit and wait is refused with it. */
    refuse(error: WilcoError | undefined) {
      refusal = error;
      for (const wake of changed.splice(0)) wake();
    },
    /** Called with each entry as it is filed. */
    whenFiled(call: (entry: Entry, call: Call) => void) {
      onFiled = call;
    },
  };
}
