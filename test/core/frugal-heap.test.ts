import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keepHeapFrugal } from "../../src/core/frugal-heap.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is frugal after three calm seconds in a row, and no longer at the first busy one", () => {
  const flags: string[] = [];
  let share = 0.1;
  const heap = keepHeapFrugal({ load: () => share, setFlag: (flag) => void flags.push(flag) });
  const second = (next: number) => {
    share = next;
    vi.advanceTimersByTime(1_000);
    return flags.splice(0);
  };
  expect([0.1, 0.1, 0.3, 0.1, 0.1].flatMap(second)).toEqual([]);
  expect(second(0.1)).toEqual(["--optimize-for-size"]);
  // Neither calm nor busy: it stays as it is.
  expect([0.4, 0.1, 0.1, 0.1].flatMap(second)).toEqual([]);
  expect(second(0.6)).toEqual(["--no-optimize-for-size"]);
  expect([0.9, 0.4, 0.1, 0.1].flatMap(second)).toEqual([]);
  expect(second(0)).toEqual(["--optimize-for-size"]);
  heap.stop();
  expect(flags.splice(0)).toEqual(["--no-optimize-for-size"]);
  expect([0.1, 0.1, 0.1, 0.1].flatMap(second)).toEqual([]);
});

it("asks the process for its own load, and knows flags that V8 knows", () => {
  const heap = keepHeapFrugal();
  expect(() => vi.advanceTimersByTime(5_000)).not.toThrow();
  heap.stop();
  for (const flag of ["--optimize-for-size", "--no-optimize-for-size"]) {
    const { status, stderr } = spawnSync(process.execPath, [flag, "-e", "0"], { encoding: "utf8" });
    expect([flag, status, stderr]).toEqual([flag, 0, ""]);
  }
});
