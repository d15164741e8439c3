/** The client's port over the bridge. Checked again on the host: nothing here is trusted there. */
import type { Call, ClientPort, LookupPort, RequestCall, Run, RunListener, WaitResult } from "../../client/port.ts";
import { type PackedEntry, SeenEntry } from "../../client/seen-entry.ts";
import { ownPollPolicy, type PollPolicy } from "../../domain/poll-policy.ts";
import type { Resource } from "../../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import type { Caller, Channel } from "./channel.ts";
import { packPolicy, type WirePolicy } from "./wire.ts";

export interface GuestPortOptions {
  channel: Channel;
  /** Those of the moment. */
  pollDefaults: () => Partial<PollPolicy>;
  requireWorker: number | undefined;
}

export function createGuestPort({ channel, pollDefaults, requireWorker }: GuestPortOptions): ClientPort {
  const packed = new WeakMap<PollPolicy, WirePolicy>();
  /** The calls of an operation share one policy. */
  const ownOf = (policy: PollPolicy): WirePolicy => {
    let own = packed.get(policy);
    if (!own) packed.set(policy, (own = packPolicy(ownPollPolicy(policy))));
    return own;
  };
  const call = <T>(method: string, ...args: unknown[]) => channel.call(method, args) as Promise<T>;
  return {
    get pollDefaults() {
      return pollDefaults();
    },
    requireWorker,
    submit: (what) =>
      new Promise((resolve, reject) => {
        const told = (packed: unknown, text: string) => resolve(SeenEntry.unpack(packed as PackedEntry, text).entry);
        channel.begin("submit", [what], { told, resolve() {}, reject });
      }),
    run: (what, listener) => new GuestRun(channel, what, listener, ownOf),
    rollBack: (what) => call("rollBack", what),
    wait: (id, policy) => waited(channel, [id, ownOf(policy)]),
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

/** Open calls up to which a wait is announced before its call is filed. */
const FEW = 100;

/** The answer of a wait: what of it is not the entry, and that. */
export type Followed = [looks: number, ended: boolean, entry: PackedEntry];

/** One object for a call and the wait for it: thousands of them wait at a time. */
class GuestRun implements Caller, Run {
  readonly #channel: Channel;
  readonly #listener: RunListener;
  readonly #number: number;
  readonly #pack: (policy: PollPolicy) => WirePolicy;
  /** Until it is filed. */
  #entry: number | undefined;
  /** Asked for and not answered yet. */
  #policy: PollPolicy | undefined;
  #left = false;

  constructor(
    channel: Channel,
    call: Call | RequestCall,
    listener: RunListener,
    pack: (policy: PollPolicy) => WirePolicy,
  ) {
    this.#channel = channel;
    this.#listener = listener;
    this.#pack = pack;
    this.#number = channel.begin("submit", [call], this);
  }

  told(packed: unknown, text: string): void {
    const seen = SeenEntry.unpack(packed as PackedEntry, text);
    this.#entry = seen.id;
    this.#listener.filed(seen);
  }

  resolve(answer: unknown, text: string): void {
    this.#left = true;
    // When it was filed, the host had not heard that somebody waits.
    if (answer === null) return this.#policy && this.follow(this.#policy);
    const [looks, ended, packed] = answer as Followed;
    this.#policy = undefined;
    this.#listener.followed(SeenEntry.unpack(packed, text), ended, looks);
  }

  reject(error: unknown): void {
    this.#left = true;
    this.#policy = undefined;
    this.#listener.failed(error);
  }

  follow(policy: PollPolicy): void {
    this.#policy = policy;
    if (this.#left) this.#channel.begin("wait", [this.#entry, this.#pack(policy)], this);
    // So that the host goes on from filing it to following it. Of many at once the first are filed before the script comes
    // to awaiting them, and the word would be lost.
    else if (this.#channel.open <= FEW) this.#channel.hint("follow", [this.#number, this.#pack(policy)]);
  }
}

function waited(channel: Channel, args: unknown[]): Promise<WaitResult> {
  return new Promise((resolve, reject) => {
    channel.begin("wait", args, {
      resolve(answer, text) {
        const [looks, ended, packed] = answer as Followed;
        resolve({ entry: SeenEntry.unpack(packed, text).entry, ended, looks });
      },
      reject,
    });
  });
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
