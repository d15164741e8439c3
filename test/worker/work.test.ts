import { pino } from "pino";
import { expect, it, vi } from "vitest";
import type { Assignment } from "../../src/domain/worker.ts";
import { createWork } from "../../src/worker/work.ts";

const assignment = (entry: number, weight: number) =>
  ({
    entry,
    attempt: 1,
    root: entry,
    weight,
    operation: "work",
    resource: { name: "a" },
    onLost: "lose",
    deadlineIn: 1_000,
  }) as Assignment;

it("says that slots are free when a lapse forgets what waited for them", () => {
  const onFree = vi.fn<() => void>();
  const work = createWork({
    capacity: 2,
    execute: () => new Promise(() => {}),
    reporter: { openOutput: () => ({}) as never, finish: async () => true },
    now: () => 0,
    log: pino({ level: "silent" }),
    onFree,
  });
  work.take(assignment(1, 1));
  work.take(assignment(2, 2));
  expect(work.free()).toBe(0);
  work.lapse();
  expect(work.free()).toBe(1);
  expect(onFree).toHaveBeenCalledTimes(1);
});
