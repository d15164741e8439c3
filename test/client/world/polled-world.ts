/** A poller on a clock that only the test moves, and a server that holds requests on the same clock. */
import { createPoller, type PollerOptions } from "../../../src/client/poller.ts";
import type { WaitResult } from "../../../src/client/port.ts";
import { WilcoError } from "../../../src/core/errors.ts";
import type { Entry } from "../../../src/domain/entry.ts";
import { layerPollPolicies, parsePollPolicy, type PollPolicyInput } from "../../../src/domain/poll-policy.ts";
import type { PollAnswer, PollChange, PollRequest } from "../../../src/protocol/messages.ts";
import { entryOf } from "./fixtures.ts";
import { manualClock } from "./manual-clock.ts";

interface Asked {
  at: number;
  ids: number[];
  wait: number;
  aborted: boolean;
}

export function createPolledWorld(options: Partial<PollerOptions> = {}) {
  const clock = manualClock();
  const entries = new Map<number, Entry>();
  const asked: Asked[] = [];
  const held = new Set<() => void>();
  let failure: WilcoError | undefined;

  function changes({ entries: items }: PollRequest): PollAnswer {
    return {
      entries: items.flatMap(({ id, seen }): PollChange[] => {
        const entry = entries.get(id);
        if (!entry) return [{ id, error: { code: "unknown_entry", message: `There is no entry ${id}` } }];
        return entry.lastEvent > seen ? [{ id, entry }] : [];
      }),
    };
  }

  async function poll(request: PollRequest, { signal }: { signal?: AbortSignal } = {}): Promise<PollAnswer> {
    const { wait = 0 } = request;
    const call = { at: clock.now(), ids: request.entries.map((item) => item.id), wait, aborted: false };
    asked.push(call);
    if (failure) throw failure;
    if (changes(request).entries.length === 0 && wait > 0) {
      await new Promise<void>((resolve, reject) => {
        const cancel = clock.after(wait, done);
        const look = () => changes(request).entries.length > 0 && done();
        function done(): void {
          cancel();
          held.delete(look);
          resolve();
        }
        held.add(look);
        signal?.addEventListener("abort", () => {
          call.aborted = true;
          done();
          reject(new WilcoError({ code: "interrupted", message: "aborted" }));
        });
      });
    }
    signal?.throwIfAborted();
    return changes(request);
  }

  function update(id: number, fields: Partial<Entry> = {}): void {
    const old = entries.get(id)!;
    entries.set(id, { ...old, ...fields, lastEvent: old.lastEvent + 1 });
    for (const look of held) look();
  }

  const poller = createPoller({ api: { poll, retryTime: 5_000 }, clock, random: () => 0.5, ...options });
  return {
    clock,
    asked,
    poller,
    /** Starts a wait and notes how and when it ended. */
    wait(id: number, policy: PollPolicyInput = {}) {
      if (!entries.has(id)) entries.set(id, entryOf({ id }));
      const wait: { result?: WaitResult; error?: unknown; at?: number } = {};
      poller.wait(id, layerPollPolicies(parsePollPolicy(policy))).then(
        (result) => Object.assign(wait, { result, at: clock.now() }),
        (error: unknown) => Object.assign(wait, { error, at: clock.now() }),
      );
      return wait;
    },
    update,
    finish: (id: number) => update(id, { status: "succeeded" }),
    forget: (id: number) => entries.delete(id),
    fail(error: WilcoError | undefined) {
      failure = error;
    },
  };
}
