import { describe, expect, onTestFinished, test } from "vitest";
import { createPoller, MAX_POLL_ITEMS } from "../../src/client/poller.ts";
import { WilcoError } from "../../src/core/errors.ts";
import { layerPollPolicies, parsePollPolicy, type PollPolicyInput } from "../../src/domain/poll-policy.ts";
import type { PollAnswer, PollRequest } from "../../src/protocol/messages.ts";
import { LIMITS } from "../../src/protocol/schema-parts.ts";
import { entryOf } from "./world/fixtures.ts";
import { manualClock, settled } from "./world/manual-clock.ts";
import { createPolledWorld as world } from "./world/polled-world.ts";

const gone = new WilcoError({ code: "unreachable", message: "gone", details: { url: "http://x" } });

// Push only shortens the wait: every policy means the same with it and without.
describe.each([true, false])("with push %s", (push) => {
  test("the limit is so many elapsed delays, and then the wait ends without the entry", async () => {
    const { wait, clock } = world({ push });
    const one = wait(1, { delay: "1s", limit: 3 });
    await clock.advance(2_999);
    expect(one.result).toBeUndefined();
    await clock.advance(1);
    expect(one).toMatchObject({ result: { ended: false, looks: 3, entry: { id: 1, status: "queued" } }, at: 3_000 });
  });

  test("backoff multiplies the delay up to maxDelay", async () => {
    const { wait, clock } = world({ push });
    const one = wait(1, { delay: "1s", backoff: 2, maxDelay: "3s", limit: 4 });
    await clock.advance(1_000 + 2_000 + 3_000 + 2_999);
    expect(one.result).toBeUndefined();
    await clock.advance(1);
    expect(one).toMatchObject({ result: { ended: false, looks: 4 } });
  });

  test("jitter takes a random share off each delay", async () => {
    const { wait, clock } = world({ push });
    const one = wait(1, { delay: "1s", jitter: 0.4, limit: 2 });
    await clock.advance(1_599);
    expect(one.result).toBeUndefined();
    await clock.advance(1);
    expect(one).toMatchObject({ result: { looks: 2 }, at: 1_600 });
  });

  test("waitTimeout bounds the whole wait, between two looks too", async () => {
    const { wait, clock } = world({ push });
    const one = wait(1, { delay: "1s", waitTimeout: "2500ms" });
    await clock.advance(2_499);
    expect(one.result).toBeUndefined();
    await clock.advance(1);
    expect(one).toMatchObject({ result: { ended: false, looks: 2, entry: { id: 1 } }, at: 2_500 });
  });

  test("an entry that ended before waitTimeout is seen to have ended", async () => {
    const { wait, clock, finish } = world({ push });
    const one = wait(1, { delay: "1s", waitTimeout: "2500ms" });
    await clock.advance(2_200);
    finish(1);
    await clock.advance(300);
    expect(one.result).toMatchObject({ ended: true, entry: { status: "succeeded" } });
  });

  test("without a limit a wait goes on until the entry ends", async () => {
    const { wait, clock, finish } = world({ push });
    const one = wait(1, { delay: "10s", limit: "infinite" });
    await clock.advance(3_600_000);
    expect(one.result).toBeUndefined();
    finish(1);
    await clock.advance(10_000);
    expect(one.result).toMatchObject({ ended: true });
  });

  test("early answers do not count as looks: output does not exhaust a limit", async () => {
    const { wait, clock, update, finish } = world({ push });
    const one = wait(1, { delay: "1s", limit: 3 });
    await clock.advance(100);
    for (let line = 0; line < 40; line++) {
      update(1);
      await clock.advance(50);
    }
    await clock.advance(850);
    expect(one.result).toBeUndefined();
    finish(1);
    await clock.advance(50);
    expect(one.result).toMatchObject({ ended: true, looks: push ? 2 : 3 });
  });

  test("10,000 waits use one request a tick", async () => {
    const { wait, clock, asked, finish } = world({ push });
    const all = Array.from({ length: 10_000 }, (_, at) => wait(at + 1, { delay: "1s", limit: 3 }));
    for (let id = 1; id <= 100; id++) finish(id);
    await clock.advance(3_500);
    const early = push ? 2 : 0;
    expect(asked.length).toBeLessThanOrEqual(3 + early);
    expect(asked.filter((one) => one.ids.length >= 9_900)).toHaveLength(asked.length);
    expect(all.filter((one) => one.result?.ended === true)).toHaveLength(100);
    expect(all.filter((one) => one.result?.ended === false && one.result.looks === 3)).toHaveLength(9_900);
    expect(clock.timers()).toBe(0);
  });

  test("waits have policies of their own", async () => {
    const { wait, clock } = world({ push });
    const quick = wait(1, { delay: "200ms", limit: 2 });
    const slow = wait(2, { delay: "1s", limit: 1 });
    const same = wait(1, { delay: "3s", limit: 1 });
    await clock.advance(400);
    expect([quick.at, slow.at, same.at]).toEqual([400, undefined, undefined]);
    await clock.advance(600);
    expect([slow.at, same.at]).toEqual([1_000, undefined]);
    await clock.advance(2_000);
    expect(same.at).toBe(3_000);
  });

  test("an unknown entry rejects its wait and no other", async () => {
    const { wait, clock, forget, finish } = world({ push });
    const [none, one] = [wait(7), wait(1)];
    forget(7);
    await clock.advance(1_000);
    expect(none.error).toMatchObject({ code: "unknown_entry" });
    finish(1);
    await clock.advance(1_000);
    expect(one.result).toMatchObject({ ended: true });
  });

  test("a server that is away for a while costs nothing but time", async () => {
    const { wait, clock, fail, finish } = world({ push });
    const one = wait(1, { delay: "1s" });
    await clock.advance(500);
    fail(gone);
    await clock.advance(4_000);
    fail(undefined);
    finish(1);
    await clock.advance(5_000);
    expect(one.result).toMatchObject({ ended: true });
  });

  test("a server that stays away for the retry time rejects every wait with the ids", async () => {
    const { wait, clock, fail } = world({ push });
    fail(gone);
    const [one, two] = [wait(1), wait(2)];
    await clock.advance(10_000);
    for (const { error } of [one, two]) {
      expect(error).toMatchObject({
        code: "unreachable",
        message: "gone",
        details: { url: "http://x", entries: [1, 2] },
      });
      expect((error as WilcoError).hint).toContain("wilco entry wait 1");
    }
    expect(clock.timers()).toBe(0);
  });

  test("a refused token rejects at once", async () => {
    const { wait, clock, fail } = world({ push });
    fail(new WilcoError({ code: "unauthenticated", message: "revoked" }));
    const one = wait(1);
    await clock.advance(1_000);
    expect(one.error).toMatchObject({ code: "unauthenticated" });
  });

  test("waitTimeout holds even while the server is away", async () => {
    const { wait, clock, fail } = world({ push });
    const [one, never] = [wait(1, { waitTimeout: "3s" }), wait(2, { delay: "10s", waitTimeout: "3s" })];
    await clock.advance(1_000);
    fail(gone);
    await clock.advance(2_500);
    expect(one.result).toMatchObject({ ended: false, entry: { id: 1 } });
    // Without push nobody had asked about it before the server went away.
    if (push) expect(never.result).toMatchObject({ ended: false });
    else expect(never.error).toMatchObject({ code: "unreachable", details: { entries: [2] } });
  });

  test("close rejects the waits, and those that come later", async () => {
    const { wait, clock, poller } = world({ push });
    const one = wait(1);
    await clock.advance(100);
    poller.close();
    const late = wait(2);
    await settled();
    expect([one.error, late.error]).toMatchObject([{ code: "interrupted" }, { code: "interrupted" }]);
    expect(clock.timers()).toBe(0);
  });
});

test("a change answers the held request at once", async () => {
  const { wait, clock, finish, poller } = world();
  poller.know(entryOf({ id: 1 }));
  const one = wait(1, { delay: "60s" });
  await clock.advance(1_234);
  finish(1);
  await settled();
  expect(one).toMatchObject({ result: { ended: true, looks: 0 }, at: 1_234 });
});

test("an entry that was just filed is held from the first request; one that was not is read first", async () => {
  const { wait, clock, asked, poller } = world();
  poller.know(entryOf({ id: 1 }));
  wait(1);
  await clock.advance(500);
  expect(asked).toMatchObject([{ ids: [1], wait: 1_000 }]);
  wait(2);
  await clock.advance(100);
  // The newcomer is asked about at once; its first answer comes at once, the next request is held again.
  expect(asked.slice(1)).toMatchObject([
    { at: 500, ids: [1, 2] },
    { at: 500, ids: [1, 2], wait: 500 },
  ]);
  expect(asked[0]!.aborted).toBe(true);
});

test("many that join in one tick abort the held request once", async () => {
  const { wait, clock, asked, poller } = world();
  for (let id = 1; id <= 40; id++) poller.know(entryOf({ id }));
  wait(1);
  await clock.advance(100);
  for (let id = 2; id <= 40; id++) wait(id);
  await clock.advance(100);
  expect(asked.map((one) => one.ids.length)).toEqual([1, 40]);
});

test("an entry that is known to have ended needs no request", async () => {
  const { wait, clock, asked, poller } = world();
  poller.know(entryOf({ id: 1, status: "canceled" }));
  const one = wait(1);
  await clock.advance(0);
  expect(one.result).toMatchObject({ ended: true, entry: { status: "canceled" } });
  expect(asked).toEqual([]);
});

test("an operation that writes without end is asked about ten times a second, not each time it writes", async () => {
  const { wait, clock, update, asked } = world();
  wait(1, { delay: "60s" });
  await clock.advance(0);
  for (let ms = 0; ms < 5_000; ms++) {
    update(1);
    await clock.advance(1);
  }
  expect(asked.length).toBeLessThan(70);
}, 20_000);

test("a hold is no longer than proxies let a connection idle, and its end is no look", async () => {
  const { wait, clock, asked } = world();
  const one = wait(1, { delay: "2m", limit: 1 });
  await clock.advance(119_999);
  expect(one.result).toBeUndefined();
  await clock.advance(1);
  expect(one.result).toMatchObject({ looks: 1, ended: false });
  expect(Math.max(...asked.map((call) => call.wait))).toBe(20_000);
});

test("a poll never has more items than the server takes", () => {
  expect(MAX_POLL_ITEMS).toBe(LIMITS.pollItems);
});

describe("with the cursor of an answer", () => {
  /** A server that answers each poll as it is told to, when it is told to. */
  function scripted() {
    const clock = manualClock();
    const asked: Array<PollRequest & { answer: (answer: PollAnswer) => Promise<void> }> = [];
    const poll = (request: PollRequest) =>
      new Promise<PollAnswer>((resolve) => {
        const answer = async (one: PollAnswer) => {
          resolve(one);
          await clock.advance(0);
        };
        asked.push({ ...request, answer });
      });
    const poller = createPoller({ api: { poll, retryTime: 5_000 }, clock });
    onTestFinished(() => poller.close());
    const wait = async (id: number, policy: PollPolicyInput = {}) => {
      poller.wait(id, layerPollPolicies(parsePollPolicy(policy))).catch(() => {}); // closed at the end
      await clock.advance(0);
    };
    return { wait, asked, clock };
  }
  const idsOf = (request: PollRequest | undefined) => request?.entries.map(({ id }) => id);

  test("a request names only what was not asked about, and everything when the server has forgotten", async () => {
    const { wait, asked } = scripted();
    await wait(1);
    await wait(2);
    expect(asked[1]).toMatchObject({ entries: [{ id: 1 }, { id: 2 }], until: "end", tell: "ends" });
    expect(asked[1]).not.toHaveProperty("cursor");
    const end = { id: 1, entry: entryOf({ id: 1, status: "succeeded", lastEvent: 3 }) };
    await asked[1]!.answer({ entries: [end], cursor: "c1" });
    expect(asked[2]).toMatchObject({ cursor: "c1", entries: [] });
    await wait(3);
    expect(asked[3]).toMatchObject({ cursor: "c1", entries: [{ id: 3 }] });
    await asked[3]!.answer({ entries: [], restart: true });
    expect(idsOf(asked[4])).toEqual([2, 3]);
    expect(asked[4]).not.toHaveProperty("cursor");
  });

  test("what is not waited for any more before it has ended is not watched any more", async () => {
    const { wait, asked, clock } = scripted();
    await wait(1);
    await wait(2, { delay: "1s", limit: 1 });
    expect(asked[1]).toMatchObject({ tell: "all" });
    await clock.advance(1_000);
    await asked[1]!.answer({ entries: [{ id: 2, entry: entryOf({ id: 2 }) }], cursor: "c1" });
    expect(idsOf(asked[2])).toEqual([1]);
    expect(asked[2]).not.toHaveProperty("cursor");
  });
});
