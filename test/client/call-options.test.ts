import { expect, test } from "vitest";
import { mergeCallOptions, NO_OPTIONS, parseCallOptions, resolveDependencies } from "../../src/client/call-options.ts";
import { WilcoError } from "../../src/core/errors.ts";
import { entryOf } from "./world/fixtures.ts";

test("every option is normalised to ms, numbers and ISO times", () => {
  const options = parseCallOptions({
    poll: { delay: "2s", limit: 3 },
    timeout: "1m 30s",
    priority: "high",
    at: "2026-03-01T04:00:00+02:00",
    zone: "eu",
    worker: "eu-host-1",
    after: [7, entryOf({ id: 8 }), { entry: 9, on: "any" }],
    requireWorker: true,
    idempotencyKey: "deploy-17",
    note: "ticket 4711",
  });
  expect(options).toEqual({
    poll: { delay: 2_000, limit: 3 },
    timeout: 90_000,
    priority: 20,
    start: { at: "2026-03-01T02:00:00.000Z" },
    zone: "eu",
    worker: "eu-host-1",
    after: [
      { entry: 7, on: "success" },
      { entry: 8, on: "success" },
      { entry: 9, on: "any" },
    ],
    requireWorker: 30_000,
    idempotencyKey: "deploy-17",
    note: "ticket 4711",
  });
});

test("no options, and options that are undefined, are no options", () => {
  expect(parseCallOptions(undefined)).toBe(NO_OPTIONS);
  expect(parseCallOptions({ note: undefined })).toEqual({ poll: {} });
});

test("a start is a time with an offset, a Date or a delay", () => {
  expect(parseCallOptions({ at: "+5m" }).start).toEqual({ delay: 300_000 });
  expect(parseCallOptions({ at: new Date(Date.UTC(2026, 2, 1)) }).start).toEqual({ at: "2026-03-01T00:00:00.000Z" });
  expect(parseCallOptions({ at: "2026-03-01T04:00Z" }).start).toEqual({ at: "2026-03-01T04:00:00.000Z" });
  expect(parseCallOptions({ at: "2026-03-01T04:00:00-0530" }).start).toEqual({ at: "2026-03-01T09:30:00.000Z" });
});

test("requireWorker is a duration, true for 30 s, or false for never", () => {
  expect(parseCallOptions({ requireWorker: "5s" }).requireWorker).toBe(5_000);
  expect(parseCallOptions({ requireWorker: false }).requireWorker).toBe(false);
});

test.each([
  [{ notes: "x" }, 'A call has no option "notes"', 'Did you mean "note"?'],
  ["30s", "not an object", undefined],
  [{ timeout: 30 }, 'timeout is not a duration: "30"', 'Write the unit: "30s" or "30ms"'],
  [{ timeout: "0s" }, "The timeout is 0", undefined],
  [{ priority: "hihg" }, '"hihg" is not a priority', 'Did you mean "high"?'],
  [{ at: "2026-03-01T04:00:00" }, "has no offset", undefined],
  [{ at: "tomorrow" }, "neither a time nor a delay", undefined],
  [{ at: "2026-13-01T04:00:00Z" }, "neither a time nor a delay", undefined],
  [{ at: "+5" }, "at is not a duration", undefined],
  [{ zone: "e u" }, '"e u" is not a valid zone', undefined],
  [{ worker: 7 }, "worker is not a text", undefined],
  [{ after: "7" }, "after names no entry", undefined],
  [{ after: 0 }, "after names no entry", undefined],
  [{ after: { entry: 7, on: "sucess" } }, 'on is "sucess"', undefined],
  [{ after: { entry: 7, when: "any" } }, 'after has no "when"', undefined],
  [{ requireWorker: 30 }, "requireWorker is not a duration", undefined],
  [{ idempotencyKey: "" }, "The idempotencyKey is empty", undefined],
  [{ note: "a\0b" }, "note has a NUL character", undefined],
  [{ note: "x".repeat(1_001) }, "note has 1001 characters", undefined],
])("%j is refused", (input, message, hint) => {
  const refused = () => parseCallOptions(input);
  expect(refused).toThrow(WilcoError);
  expect(refused).toThrow(message);
  if (hint !== undefined) expect(refused).toThrow(expect.objectContaining({ hint }));
});

test("a poll policy is refused as such, with the nearest right key", () => {
  expect(() => parseCallOptions({ poll: { dealy: "1s" } })).toThrow(
    expect.objectContaining({ code: "invalid_policy", hint: 'Did you mean "delay"?' }),
  );
});

test("the call's options win over those of with(), key by key", () => {
  const call = parseCallOptions({ note: "call", poll: { delay: "1s" } });
  const defaults = parseCallOptions({ note: "with", zone: "eu", at: "+1h", poll: { delay: "9s", limit: 4 } });
  expect(mergeCallOptions(call, defaults)).toEqual({
    note: "call",
    zone: "eu",
    start: { delay: 3_600_000 },
    poll: { delay: 1_000, limit: 4 },
  });
  expect(mergeCallOptions(call, NO_OPTIONS)).toBe(call);
  expect(mergeCallOptions(NO_OPTIONS, defaults)).toBe(defaults);
});

test("dependencies with ids are known at once, executions when they are filed", async () => {
  expect(resolveDependencies([{ entry: 7, on: "any" }])).toEqual([{ entry: 7, on: "any" }]);
  const execution = { submitted: Promise.resolve(entryOf({ id: 9 })) };
  const { after } = parseCallOptions({ after: [3, { entry: execution, on: "failure" }] });
  expect(await resolveDependencies(after!)).toEqual([
    { entry: 3, on: "success" },
    { entry: 9, on: "failure" },
  ]);
});

test("a dependency that was refused refuses what would run after it", async () => {
  const submitted = Promise.reject(new WilcoError({ code: "forbidden", message: "not yours" }));
  const { after } = parseCallOptions({ after: { submitted } });
  await expect(resolveDependencies(after!)).rejects.toThrow("was never filed: not yours");
});
