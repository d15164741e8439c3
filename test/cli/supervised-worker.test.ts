import { describe, expect, it } from "vitest";
import { superviseWorker } from "../../src/cli/composition/supervised-worker.ts";
import type { Worker } from "../../src/worker/worker.ts";
import { silentLog } from "../worker/world.ts";

/** Workers that a test ends by hand. */
function workers() {
  const started: Array<{ end: PromiseWithResolvers<void>; calls: string[] }> = [];
  let failures = 0;
  let wake: () => void = () => {};
  const start = async (): Promise<Worker> => {
    if (failures > 0) {
      failures--;
      throw new Error("not yet");
    }
    const end = Promise.withResolvers<void>();
    end.promise.catch(() => {});
    const calls: string[] = [];
    started.push({ end, calls });
    wake();
    const ends = (name: string) => async () => {
      calls.push(name);
      end.resolve();
    };
    return {
      start: async () => {},
      drain: ends("drain"),
      stop: ends("stop"),
      stopNow: ends("stopNow"),
      stopped: end.promise,
    };
  };
  return {
    started,
    start,
    failNext: (count: number) => (failures = count),
    async count(wanted: number): Promise<void> {
      while (started.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

const backoff = { first: 1, max: 2 };

describe("a worker that its server looks after", () => {
  it("is started anew when it is refused, also when that fails at first", async () => {
    const all = workers();
    const supervised = await superviseWorker({ start: all.start, log: silentLog, backoff });
    all.failNext(3);
    all.started[0]!.end.reject(new Error("revoked"));
    await all.count(2);
    all.started[1]!.end.reject(new Error("revoked again"));
    await all.count(3);
    await supervised.stop();
    await supervised.stopped;
    expect(all.started).toHaveLength(3);
    expect(all.started[2]!.calls).toEqual(["stop"]);
  });

  it("stays ended when it was drained, and when it is stopped in the pause before a start", async () => {
    const drained = workers();
    const one = await superviseWorker({ start: drained.start, log: silentLog, backoff });
    drained.started[0]!.end.resolve();
    await one.stopped;
    expect(drained.started).toHaveLength(1);

    const refused = workers();
    const two = await superviseWorker({
      start: refused.start,
      log: silentLog,
      backoff: { first: 3_600_000, max: 3_600_000 },
    });
    refused.started[0]!.end.reject(new Error("revoked"));
    await two.stopNow();
    await two.stopped;
    expect(refused.started).toHaveLength(1);
  });

  it("is not there when its first start fails", async () => {
    const all = workers();
    all.failNext(1);
    await expect(superviseWorker({ start: all.start, log: silentLog })).rejects.toThrow("not yet");
  });
});
