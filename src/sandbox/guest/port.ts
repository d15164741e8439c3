/** The client's port over the bridge. Checked again on the host: nothing here is trusted there. */
import type { ClientPort, LookupPort } from "../../client/port.ts";
import { ownPollPolicy, type PollPolicy } from "../../domain/poll-policy.ts";
import type { Resource } from "../../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import type { Channel } from "./channel.ts";
import { packPolicy } from "./wire.ts";

export interface GuestPortOptions {
  channel: Channel;
  pollDefaults: Partial<PollPolicy>;
  requireWorker: number | undefined;
}

export function createGuestPort({ channel, pollDefaults, requireWorker }: GuestPortOptions): ClientPort {
  const call = <T>(method: string, ...args: unknown[]) => channel.call(method, args) as Promise<T>;
  return {
    pollDefaults,
    requireWorker,
    submit: (what) => call("submit", what),
    rollBack: (what) => call("rollBack", what),
    wait: (id, policy) => call("wait", id, packPolicy(ownPollPolicy(policy))),
    cancel: (id, options) => call("cancel", id, options),
    retry: (id) => call("retry", id),
    entry: (id) => call("entry", id),
    tree: (id) => call("tree", id),
    entries: (query) => call("entries", query),
    events: (id, after, wait) => call("events", id, after, wait),
    configuration: (id, version) =>
      version === undefined ? call("configuration", id) : call("configuration", id, version),
    configurationVersions: (id, limit) => call("configurationVersions", id, limit),
    deployments: (id, limit) => call("deployments", id, limit),
    availabilityHistory: (id, query) => call("availabilityHistory", id, query),
    metricHistory: (id, query) => call("metricHistory", id, query),
    configurationDifferences: (id, from, to) => call("configurationDifferences", id, from, to),
    sleep: (ms) => sleepFor(channel, ms),
  };
}

/** Look-ups block this thread, so they give values, not promises. */
export function createGuestLookup(channel: Channel): LookupPort {
  return {
    resource: (idOrName) => channel.lookup("resource", [idOrName]) as Resource,
    resources: (selector, parent) =>
      channel.lookup("resources", parent === undefined ? [selector] : [selector, parent]) as Resource[],
    type: (name) => channel.lookup("type", [name]) as ResourceTypeDescriptor,
    secret: (name) => channel.lookup("secret", [name]) as string,
  };
}

export function sleepFor(channel: Channel, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.after(ms, () => resolve(), reject);
  });
}
