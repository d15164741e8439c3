/**
 * What there is on the server, as far as completion knows it: read in the background, kept, and read anew when someone
 * presses Tab and it has become old. Nobody waits for it but the first Tab, and that one not for long.
 */
import type { Api } from "../../client/api.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import { isGlob } from "../../domain/selector.ts";

export interface KnownResource {
  name: string;
  type: string;
  parent: string | null;
}

/** Immutable: each refresh makes a new one. */
export interface Snapshot {
  /** Sorted by name. */
  resources: readonly KnownResource[];
  types: ReadonlyMap<string, ResourceTypeDescriptor>;
  groups: readonly string[];
  zones: readonly string[];
  workers: readonly string[];
  /** Values by key. */
  labels: ReadonlyMap<string, readonly string[]>;
  /** There are more resources than are kept. */
  partial: boolean;
}

export interface Names {
  /** As known now; asks for a refresh when it is old. */
  snapshot(): Snapshot;
  /** Resolves when there is something to know: at once, but for the first time. */
  ready(): Promise<void>;
  /**
   * Reads everything anew, in the background: for the start of a shell, and after what changed the inventory. The
   * promise, which need not be awaited, resolves when that was done or failed.
   */
  refresh(): Promise<void>;
  /**
   * All names with that beginning, asked of the server. Empty when there are more than ASKED: what some of them have in
   * common is not what all of them have, and Tab would type it. Rejects when the server does not answer.
   */
  resourcesFrom(prefix: string): Promise<KnownResource[]>;
}

export interface NamesOptions {
  api: Pick<Api, "resources" | "types" | "groups">;
  /** ms. Default Date.now. */
  now?: () => number;
  /** What is older is read anew at the next Tab, ms. Default 30 s. */
  maxAge?: number;
  /** Resources kept at most; beyond that, names are asked for by their beginning. Default 20,000. */
  maxResources?: number;
}

const PAGE = 1_000;
/** After a failure, ms until the next attempt. */
const RETRY = 5_000;
const ASKED = 200;

const NOTHING: Snapshot = {
  resources: [],
  types: new Map(),
  groups: [],
  zones: [],
  workers: [],
  labels: new Map(),
  partial: false,
};

export function createNames({ api, now = Date.now, maxAge = 30_000, maxResources = 20_000 }: NamesOptions): Names {
  let current = NOTHING;
  let due = -Infinity;
  let reading: Promise<void> | undefined;
  /** Something is known. */
  const begun = Promise.withResolvers<void>();

  async function read(): Promise<void> {
    const resources = readResources();
    // Types and groups are small: what needs nothing else need not wait for the pages of resources.
    const small = Promise.all([api.types(), api.groups()]).then(([types, groups]) => {
      current = {
        ...current,
        types: new Map(types.items.map((type) => [type.name, type])),
        groups: sorted(groups.items.map((group) => group.name)),
      };
      begun.resolve();
    });
    const [read] = await Promise.all([resources, small]);
    current = { ...current, ...read };
    due = now() + maxAge;
  }

  async function readResources(): Promise<Pick<Snapshot, "resources" | "zones" | "workers" | "labels" | "partial">> {
    const resources: KnownResource[] = [];
    const zones = new Set<string>();
    const workers = new Set<string>();
    const labels = new Map<string, Set<string>>();
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Api["resources"]>> = await api.resources({
        limit: PAGE,
        ...(cursor === null ? {} : { cursor }),
      });
      for (const { name, type, parent, zone, worker, labels: own } of page.items) {
        resources.push({ name, type, parent });
        zones.add(zone);
        if (worker !== null) workers.add(worker);
        for (const [key, value] of Object.entries(own)) {
          const values = labels.get(key) ?? new Set();
          labels.set(key, values.add(value));
        }
      }
      cursor = page.next;
    } while (cursor !== null && resources.length < maxResources);
    return {
      resources: resources.toSorted((a, b) => byText(a.name, b.name)),
      zones: sorted(zones),
      workers: sorted(workers),
      labels: new Map([...labels].map(([key, values]) => [key, sorted(values)])),
      partial: cursor !== null,
    };
  }

  function refresh(): Promise<void> {
    reading ??= read()
      // Completion is a convenience: a server that does not answer is told of by what the user runs, not by Tab.
      .catch(() => void (due = now() + RETRY))
      .finally(() => void (reading = undefined));
    return reading;
  }

  return {
    refresh,
    snapshot() {
      if (now() >= due) void refresh();
      return current;
    },
    async ready() {
      if (current !== NOTHING) return;
      if (now() >= due) void refresh();
      await Promise.race([begun.promise, reading]);
    },
    async resourcesFrom(prefix) {
      // In a selector these would mean something else.
      if (isGlob(prefix) || /[,=!\s]/.test(prefix)) return [];
      const { items, next } = await api.resources({ selector: `${prefix}*`, limit: ASKED });
      return next !== null ? [] : items.map(({ name, type, parent }) => ({ name, type, parent }));
    },
  };
}

/** By code units: the order in which names with one beginning stand together. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sorted(values: Iterable<string>): string[] {
  return [...values].toSorted(byText);
}
