/**
 * The host's end of the bridge: checks each call of the guest against the table, passes it to the client's port, and
 * brings the answer back. Of an error only code, message, hint and details cross; a stack or path of this machine never.
 */
import { basename } from "node:path";
import { type ErrorBody, WilcoError } from "../core/errors.ts";
import { packEntry } from "../client/seen-entry.ts";
import type {
  Call,
  ClientPort,
  LookupPort,
  MetricHistoryQuery,
  ObservationQuery,
  RequestCall,
} from "../client/port.ts";
import { createInOrder } from "../client/files-in-order.ts";
import type { ContentRef } from "../domain/content.ts";
import type { Entry } from "../domain/entry.ts";
import { layerPollPolicies } from "../domain/poll-policy.ts";
import { CALLS, LOOKUPS, NOTICES, readArguments } from "./bridge-schema.ts";
import { createFiledEntries, type FiledEntries } from "./filed-entries.ts";
import { unpackPolicy, type WirePolicy } from "./guest/wire.ts";
import { NO_PERMISSIONS, type Permissions } from "./permissions.ts";
import { createHostAccess } from "./permissions-access.ts";
import { guardCalls } from "./permissions-calls.ts";
import { LOOKUP_TIMEOUT, type Post, type SandboxLimits, type SettlementChunk } from "./messages.ts";
import { createSettlements } from "./settlements.ts";

export interface Bridge {
  /** A batch of the thread's posts, prints left out. */
  take(post: Post): void;
  /** Sends the answers that are there: before a message that must not overtake them. */
  flush(): void;
  /** The answer of a look-up as JSON; never rejects. */
  lookup(method: string, json: string): Promise<string>;
  /** Submits are refused from here on. Resolves when those under way are answered. */
  close(): Promise<void>;
  readonly entries: FiledEntries;
}

export interface BridgeOptions {
  port: ClientPort;
  lookup: LookupPort;
  /** Beyond the wilco API. Default: none. */
  permissions?: Permissions | undefined;
  /** Where relative paths of `readFile` start. Default: the working directory. */
  root?: string | undefined;
  limits: SandboxLimits;
  /** Brings texts of settlements to the guest. */
  settle: (chunks: SettlementChunk[]) => void;
  /** Gets errors that are faults of wilco's own, whole; the script sees a neutral sentence. */
  onFault: (error: unknown) => void;
}

interface Answer {
  /** Of the value. */
  json: string;
  /** Crosses beside it. */
  text?: string;
}

/** ms. Why a server is not there is known here, and has to be told before the thread gives the look-up up. */
const LOOKUP_PATIENCE = LOOKUP_TIMEOUT - 1_000;

export function createBridge(options: BridgeOptions): Bridge {
  const { lookup, limits, settle, onFault, permissions = NO_PERMISSIONS, root = process.cwd() } = options;
  const port = guardCalls({ port: options.port, lookup, permissions });
  const access = createHostAccess({ permissions, root });
  const settlements = createSettlements(settle);
  const entries = createFiledEntries();
  const outstanding = new Set<number>();
  /** Numbers of calls that are being filed, with the policy by which somebody waits for their ends already. */
  const filing = new Map<number, WirePolicy | null>();
  const submits = new Set<Promise<unknown>>();
  let closed = false;

  const see = (entry: Entry): Entry => {
    entries.seen(entry);
    return entry;
  };

  function file(filing: Promise<Entry>): Promise<Entry> {
    const recorded = filing.then((entry) => {
      entries.filed(entry);
      return entry;
    });
    // Held until it is answered: the end of a run waits for it. Its error is the caller's.
    const held: Promise<unknown> = recorded.catch(() => {}).finally(() => submits.delete(held));
    submits.add(held);
    return recorded;
  }

  /** Only what the script may read leaves this machine: the client's own port would open any path. */
  async function send(path: string): Promise<ContentRef> {
    const handle = await access.openFile(path);
    try {
      return await port.upload!(handle, basename(path));
    } finally {
      await handle.close();
    }
  }
  const withFiles = createInOrder(send);

  const handlers: Record<string, (...args: never[]) => Promise<unknown>> = {
    rollBack: (call: Parameters<ClientPort["rollBack"]>[0]) => file(port.rollBack(call)),
    retry: (id: number) => file(port.retry(id)),
    cancel: async (id: number, options: { force?: boolean; reason?: string }) => see(await port.cancel(id, options)),
    entry: async (id: number) => see(await port.entry(id)),
    tree: (id: number) => port.tree(id),
    entries: (query: Parameters<ClientPort["entries"]>[0]) => port.entries(query),
    events: (id: number, after: number, wait: number) => port.events(id, after, wait),
    configuration: (id: number, version?: number) => port.configuration(id, version),
    configurationVersions: (id: number, limit: number) => port.configurationVersions(id, limit),
    deployments: (id: number, limit: number) => port.deployments(id, limit),
    availabilityHistory: (id: number, query: ObservationQuery) => port.availabilityHistory(id, query),
    metricHistory: (id: number, query: MetricHistoryQuery) => port.metricHistory(id, query),
    configurationDifferences: (id: number, from: number, to: number) => port.configurationDifferences(id, from, to),
    readFile: access.readFile,
    fetch: access.fetch,
  };

  /** Files a call, tells of it, and follows it to its end if somebody waits for that. */
  async function submit(id: number, call: Call | RequestCall): Promise<Answer> {
    filing.set(id, null);
    let policy: WirePolicy | null;
    let entryId: number;
    try {
      const filed = await file(withFiles(call).then((sent) => port.submit(sent)));
      entryId = filed.id;
      const [packed, text] = packEntry(filed, jsonOf(filed, "submit"));
      if (outstanding.has(id)) settlements.tell(id, packed, text);
      policy = filing.get(id)!;
    } finally {
      filing.delete(id);
    }
    if (policy === null || closed || !outstanding.has(id)) return { json: "null" };
    return wait(entryId, policy);
  }

  async function wait(id: number, policy: WirePolicy): Promise<Answer> {
    const { entry, ended, looks } = await port.wait(id, layerPollPolicies(unpackPolicy(policy)));
    see(entry);
    const [packed, text] = packEntry(entry, jsonOf(entry, "wait"));
    return { json: `[${looks},${ended},${packed}]`, text };
  }

  /** For one that is filed already it is too late, and the guest waits in a call of its own. */
  function follow(json: string): void {
    let args: unknown[];
    try {
      args = readArguments(NOTICES, "follow", json);
    } catch {
      return; // Only a forged one does not fit, and nobody waits for it.
    }
    const [id, policy] = args as [number, WirePolicy];
    if (filing.has(id)) filing.set(id, policy);
  }

  const blocking = lookup.within?.(LOOKUP_PATIENCE) ?? lookup;
  const lookups: Record<string, (...args: never[]) => unknown> = {
    resource: (idOrName: string | number) => blocking.resource(idOrName),
    resources: (selector: string, parent?: string) => blocking.resources(selector, parent),
    type: (name: string) => blocking.type(name),
    secret(name: string) {
      // A script that may not do all that its token may is one that is not trusted.
      if (permissions.operations !== undefined || permissions.resources !== undefined) {
        throw new WilcoError({
          code: "not_permitted",
          message: "A script whose operations or resources are limited gets no stored secrets",
          hint: "Run it without --allow-operation and --allow-resource, or put the secret into the resource's connection.",
        });
      }
      return blocking.secret(name);
    },
  };

  function bodyOf(error: unknown): ErrorBody {
    if (error instanceof WilcoError) return error.toBody();
    onFault(error);
    return {
      code: "internal",
      message: "wilco could not do this, by a fault of its own",
      hint: "Its log says more: run it with --verbose.",
    };
  }

  function jsonOf(value: unknown, method: string): string {
    const json = JSON.stringify(value) ?? "null";
    if (json.length <= limits.result) return json;
    throw new WilcoError({
      code: "too_large",
      message: `The answer of ${method} has ${json.length} characters, and a script gets at most ${limits.result}`,
      hint: "Ask for less at a time: a narrower selector, a smaller limit.",
    });
  }

  async function call(id: number, method: string, json: string): Promise<Answer> {
    const args = readArguments(CALLS, method, json);
    if (closed)
      throw new WilcoError({ code: "interrupted", message: "The script has ended: nothing more is submitted" });
    if (outstanding.size > limits.calls) {
      throw new WilcoError({
        code: "script_limit",
        message: `The script waits for ${limits.calls} answers already`,
        hint: "Await some calls before making more: resources(…).batches(100).",
      });
    }
    if (method === "submit") return submit(id, args[0] as Call | RequestCall);
    if (method === "wait") return wait(...(args as [number, WirePolicy]));
    return { json: jsonOf(await handlers[method]!(...(args as never[])), method) };
  }

  return {
    entries,
    flush: settlements.flush,

    take([id, method, json]) {
      if (method === "clear") {
        outstanding.delete(id);
        return;
      }
      if (method === "follow") return follow(json);
      if (method === "detached") {
        entries.detached(Number(json));
        return;
      }
      // An id that is in use, or none, can only be forged: it would settle another call's promise.
      if (!Number.isSafeInteger(id) || id < 1 || outstanding.has(id)) return;
      outstanding.add(id);
      call(id, method, json).then(
        ({ json: value, text }) => {
          if (outstanding.delete(id)) settlements.add(id, true, value, text);
        },
        (error: unknown) => {
          if (outstanding.delete(id)) settlements.add(id, false, JSON.stringify(bodyOf(error)));
        },
      );
    },

    async lookup(method, json) {
      try {
        const args = readArguments(LOOKUPS, method, json);
        return `{"value":${jsonOf(await lookups[method]!(...(args as never[])), method)}}`;
      } catch (error) {
        return JSON.stringify({ error: bodyOf(error) });
      }
    },

    async close() {
      closed = true;
      access.close();
      while (submits.size > 0) await Promise.all(submits);
    },
  };
}
