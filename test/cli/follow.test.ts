import { describe, expect, it } from "vitest";
import type { Entry, EntryEvent } from "../../src/domain/entry.ts";
import { DEFAULT_POLL_POLICY, type PollPolicy } from "../../src/domain/poll-policy.ts";
import { follow, type TrailReader } from "../../src/cli/follow.ts";

const POLICY: PollPolicy = { ...DEFAULT_POLL_POLICY, delay: 20 };
const event = (seq: number): EntryEvent => ({
  seq,
  at: "2026-11-21T18:37:05.123Z",
  type: "output",
  attempt: 1,
  data: { text: `${seq}` },
});
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => event(from + at));
const entry = (status: Entry["status"], lastEvent: number, id = 1) =>
  ({ id, status, lastEvent, resource: null }) as Entry;

/** A trail that answers what a test wrote down; a poll beyond it is a fault of the test. */
function trailOf(answers: Array<Awaited<ReturnType<TrailReader["poll"]>>>, log: EntryEvent[] = []) {
  const asked: Array<{ seen: number; after: number | undefined }> = [];
  const trail: TrailReader = {
    async poll(request) {
      asked.push(...request.entries.map(({ seen, after }) => ({ seen, after })));
      const answer = answers.shift();
      if (!answer) throw new Error("polled once more than was expected");
      return answer;
    },
    async events(_id, { after, limit }) {
      const page = log.filter(({ seq }) => seq > after).slice(0, Math.min(limit, 3));
      return { events: page, done: false };
    },
  };
  return { trail, asked };
}

async function run(trail: TrailReader, policy = POLICY, signal = new AbortController().signal) {
  const seen: number[] = [];
  const followed = await follow({
    trail,
    entries: [entry("queued", 1)],
    policy,
    signal,
    onEvent: (_entry, { seq }) => seen.push(seq),
  });
  return { reason: followed.reason, status: followed.entries[0]!.status, seen };
}

describe("following entries", () => {
  it("goes on after the entry has ended until its log is read to the end, in order, nothing twice", async () => {
    const log = events(1, 11);
    const { trail } = trailOf(
      [{ entries: [{ id: 1, entry: entry("succeeded", 11), events: events(1, 2), more: true }] }],
      log,
    );
    expect(await run(trail)).toEqual({ reason: "ended", status: "succeeded", seen: log.map(({ seq }) => seq) });
  });

  it("asks again when the end of the log is not readable yet", async () => {
    const answers = [
      { entries: [{ id: 1, entry: entry("succeeded", 3), events: events(1, 2) }] },
      { entries: [{ id: 1, entry: entry("succeeded", 3), events: events(2, 3) }] },
    ];
    const { trail, asked } = trailOf(answers);
    expect(await run(trail)).toEqual({ reason: "ended", status: "succeeded", seen: [1, 2, 3] });
    expect(asked).toEqual([
      { seen: 0, after: 0 },
      { seen: 2, after: 2 },
    ]);
  });

  it("asks again for an entry that is older than the events it came with, whose end it would miss otherwise", async () => {
    const answers = [
      { entries: [{ id: 1, entry: entry("running", 2), events: events(1, 3) }] },
      { entries: [{ id: 1, entry: entry("failed", 3), events: [] }] },
    ];
    const { trail, asked } = trailOf(answers);
    expect(await run(trail)).toEqual({ reason: "ended", status: "failed", seen: [1, 2, 3] });
    expect(asked.at(-1)).toEqual({ seen: 2, after: 3 });
  });

  it("counts a look for each elapsed delay, not for early answers", async () => {
    const early = Array.from({ length: 5 }, (_, at) => ({
      entries: [{ id: 1, entry: entry("running", at + 1), events: events(at + 1, at + 1) }],
    }));
    const { trail } = trailOf([...early, { entries: [{ id: 1, entry: entry("succeeded", 6), events: events(6, 6) }] }]);
    expect(await run(trail, { ...POLICY, delay: 3_600_000, limit: 1 })).toMatchObject({
      reason: "ended",
      seen: [1, 2, 3, 4, 5, 6],
    });
  });

  it("stops at the limit of looks with the entry as it stands", async () => {
    const answers = [
      { entries: [{ id: 1, entry: entry("running", 1), events: events(1, 1) }] },
      ...Array.from({ length: 20 }, () => ({ entries: [] })),
    ];
    const { trail } = trailOf(answers);
    expect(await run(trail, { ...POLICY, limit: 2 })).toMatchObject({ reason: "limit", status: "running" });
  });

  it("ends as interrupted when its signal is aborted, whatever the request does", async () => {
    const controller = new AbortController();
    const trail: TrailReader = {
      poll: (_request, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
          controller.abort();
        }),
      events: () => Promise.reject(new Error("not asked for")),
    };
    expect(await run(trail, POLICY, controller.signal)).toMatchObject({ reason: "interrupted" });
  });

  it("throws what the server says of an entry it does not know", async () => {
    const { trail } = trailOf([
      { entries: [{ id: 1, error: { code: "unknown_entry", message: "There is no entry 1" } }] },
    ]);
    await expect(run(trail)).rejects.toMatchObject({ code: "unknown_entry" });
  });

  it("asks nothing about an entry that has ended and was read before", async () => {
    const { trail, asked } = trailOf([]);
    const followed = await follow({
      trail,
      entries: [entry("failed", 4)],
      after: 4,
      policy: POLICY,
      signal: new AbortController().signal,
    });
    expect(followed.reason).toBe("ended");
    expect(asked).toEqual([]);
  });
});
