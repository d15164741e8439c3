/** The ports of Node programs, the CLI, and the host side of the sandbox. */
import { randomId } from "../core/ids.ts";
import { createMasker } from "../core/masking.ts";
import type { ConfigurationVersion } from "../domain/configuration.ts";
import type { Deployment } from "../domain/deployment.ts";
import type { Entry } from "../domain/entry.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import type { RequestResult } from "../domain/request.ts";
import type { Resource } from "../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { EntriesQuery, Page, RollbackRequest } from "../protocol/messages.ts";
import type { Api, HeldOptions } from "./api.ts";
import { systemClock, type Clock } from "./clock.ts";
import { createPoller } from "./poller.ts";
import type { Call, ClientPort, HistoryQuery, LookupPort, RequestCall, RollbackCall } from "./port.ts";
import { identityOfRollback, withoutSecrets, type SubmitOnce } from "./submit-once.ts";
import { createUploads } from "./uploads.ts";
import { createSubmitter } from "./submitter.ts";

export interface NodePortOptions {
  api: Api;
  /** Flags, then profile. Default: none. */
  pollDefaults?: Partial<PollPolicy> | undefined;
  /** ms; undefined = off. */
  requireWorker?: number | undefined;
  /** Ask the server to hold requests. Default true. */
  push?: boolean | undefined;
  /** For calls without a key of their own; undefined = each is a call of its own. */
  submitOnce?: SubmitOnce | undefined;
  clock?: Clock | undefined;
}

export interface NodePort extends ClientPort {
  readonly lookup: LookupPort;
  /** Masks the values of the secrets that were looked up. */
  mask(text: string): string;
  /** Rejects what is waited for as `interrupted`. The transport is the caller's to close. */
  close(): void;
}

const PAGE = 1_000;
/** Without push, ms between two reads of a log that has nothing new. */
const LOG_DELAY = 1_000;

export function createNodePort(options: NodePortOptions): NodePort {
  const { api, pollDefaults = {}, requireWorker, push = true, clock = systemClock, submitOnce } = options;
  const submitter = createSubmitter({ api });
  const uploads = createUploads(api);
  const poller = createPoller({ api, push, clock });
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));

  const types = new Map<string, Promise<ResourceTypeDescriptor>>();
  const secrets = new Map<string, string>();
  let masker = createMasker([]);

  const lookupWith = (asked: HeldOptions): LookupPort => ({
    resource: (idOrName) => api.resource(idOrName, asked),
    resources: (selector, parent) =>
      everyPage<Resource>((cursor) =>
        api.resources({ limit: PAGE, selector, ...(parent === undefined ? {} : { parent }), ...cursor }, asked),
      ),
    type: (name) => api.type(name, asked),
    async secret(name) {
      const { value } = await api.secret(name, asked);
      secrets.set(name, value);
      masker = createMasker(secrets.values());
      return value;
    },
    within: (retryTime) => lookupWith({ retryTime: Math.min(retryTime, api.retryTime) }),
  });
  const lookup = lookupWith({});

  async function file(call: Call | RequestCall): Promise<Entry> {
    if (!submitOnce || call.idempotencyKey !== undefined) return (await submitter.submit(call)).entry;
    const target = "group" in call ? `group=${call.group}` : call.resource;
    const types = "group" in call ? (await lookup.resources(target as string)).map(({ type }) => type) : [call.type];
    let { parameters } = call;
    for (const type of new Set(types)) {
      const { operations } = await typeOf(type);
      parameters = withoutSecrets(operations[call.operation]?.parameters ?? {}, parameters);
    }
    // What an entry waits for is a part of what it is: when that was filed anew, so is this.
    const identity = { target, operation: call.operation, parameters, after: call.after };
    return submitOnce(identity, (key, earlier) => {
      const again = "group" in call && earlier?.kind === "request" ? forTheRest(call, earlier) : call;
      return submitter.submit({ ...again, idempotencyKey: key });
    });
  }

  async function fileRollback(call: RollbackCall): Promise<Entry> {
    const { resource, resourceName: _name, type: _type, to, idempotencyKey, ...options } = call;
    const body: RollbackRequest = { ...options };
    if (to !== undefined) body.version = to;
    if (secrets.size > 0) body.secrets = [...secrets.keys()];
    if (!submitOnce || idempotencyKey !== undefined) {
      if (idempotencyKey !== undefined) body.key = idempotencyKey;
      return (await api.rollBack(resource, body, randomId())).entry;
    }
    return submitOnce(identityOfRollback(resource, to, call.after), (key) =>
      api.rollBack(resource, { ...body, key }, randomId()),
    );
  }

  function typeOf(name: string): Promise<ResourceTypeDescriptor> {
    let found = types.get(name);
    if (!found) {
      found = api.type(name);
      types.set(name, found);
      found.catch(() => types.delete(name));
    }
    return found;
  }

  return {
    pollDefaults,
    requireWorker,
    lookup,
    upload: uploads.handle,
    mask: (text) => masker.text(text),
    sleep,
    async submit(call) {
      const sent = await uploads.inCall(call);
      const known = secrets.size === 0 ? sent : { ...sent, secrets: [...secrets.keys()] };
      const entry = await file(known);
      poller.know(entry);
      return entry;
    },
    async rollBack(call) {
      const entry = await fileRollback(call);
      poller.know(entry);
      return entry;
    },
    wait: (id, policy) => poller.wait(id, policy),
    cancel: (id, cancel) => api.cancel(id, cancel),
    async retry(id) {
      const entry = await api.retry(id, randomId());
      poller.know(entry);
      return entry;
    },
    entry: (id) => api.entry(id),
    tree: (id) => api.tree(id),
    entries: ({ limit = 100, ...query }) =>
      everyPage<Entry>(
        (cursor, left) => api.entries({ ...entriesQuery(query), limit: Math.min(PAGE, left), ...cursor }),
        limit,
      ),
    async events(id, after, wait) {
      const read = await api.events(id, push ? { after, wait } : { after });
      if (!push && wait > 0 && read.events.length === 0 && !read.done) await sleep(Math.min(wait, LOG_DELAY));
      return read;
    },
    configuration: (id, version) => api.configuration(id, version === undefined ? {} : { version }),
    configurationVersions: (id, limit) =>
      everyPage<ConfigurationVersion>(
        (cursor, left) => api.configurationVersions(id, { limit: Math.min(PAGE, left), ...cursor }),
        limit,
      ),
    deployments: (id, limit) =>
      everyPage<Deployment>((cursor, left) => api.deployments(id, { limit: Math.min(PAGE, left), ...cursor }), limit),
    availabilityHistory: (id, query) => api.availability(id, query),
    metricHistory: (id, query) => api.metricHistory(id, query),
    configurationDifferences: async (id, from, to) => (await api.configurationDifferences(id, { from, to })).items,
    close: () => poller.close(),
  };
}

/** A request that is filed anew is for the targets that did not succeed. */
function forTheRest(call: RequestCall, earlier: Entry): RequestCall {
  const { tasks, counts } = earlier.result as unknown as RequestResult;
  const members = tasks.flatMap((task) => (task.status === "succeeded" ? [] : (task.resource ?? [])));
  const { minSuccess } = call;
  if (typeof minSuccess !== "number") return { ...call, members };
  return { ...call, members, minSuccess: Math.max(1, minSuccess - counts.succeeded) };
}

async function everyPage<T>(
  read: (cursor: { cursor?: string }, left: number) => Promise<Page<T>>,
  limit = Infinity,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: { cursor?: string } = {};
  for (;;) {
    const page = await read(cursor, limit - items.length);
    items.push(...page.items);
    if (page.next === null || items.length >= limit) return items.slice(0, limit === Infinity ? undefined : limit);
    cursor = { cursor: page.next };
  }
}

function entriesQuery({ status, resource, ...query }: Omit<HistoryQuery, "limit">): EntriesQuery {
  const more: EntriesQuery = { ...query };
  if (status !== undefined) more.status = [status].flat().join(",");
  if (resource !== undefined) more.resource = String(resource);
  return more;
}
