import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { keepHeapFrugal } from "../../src/core/frugal-heap.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is frugal after three calm seconds in a row, and not from the first sign of load on", () => {
  const flags: string[] = [];
  let share = 0.1;
  let collected: (count: number) => void = () => {};
  const watch = (tell: (count: number) => void) => {
    collected = tell;
    return () => void flags.push("unwatched");
  };
  const heap = keepHeapFrugal({ load: () => share, watch, setFlag: (flag) => void flags.push(flag) });
  const second = (next: number) => {
    share = next;
    vi.advanceTimersByTime(1_000);
    return flags.splice(0);
  };
  const calm = (seconds: number) => Array.from({ length: seconds }, () => 0.1).flatMap(second);
  expect([0.1, 0.1, 0.2, 0.1, 0.1].flatMap(second)).toEqual([]);
  expect(calm(1)).toEqual(["--optimize-for-size", "--semi-space-growth-factor=1"]);
  expect(calm(9)).toEqual([]);
  // Neither calm nor busy: it stays as it is.
  expect([0.2, 0.1, 0.1, 0.1].flatMap(second)).toEqual([]);
  expect(second(0.3)).toEqual(["--no-optimize-for-size", "--semi-space-growth-factor=8"]);
  expect([0.9, 0.2, 0.1, 0.1].flatMap(second)).toEqual([]);
  expect(second(0)).toEqual(["--optimize-for-size", "--semi-space-growth-factor=1"]);
  // Collections of one second count together, and too many end it before the second does.
  collected(15);
  expect(second(0)).toEqual([]);
  collected(15);
  expect(flags).toEqual([]);
  collected(1);
  expect(flags.splice(0)).toEqual(["--no-optimize-for-size", "--semi-space-growth-factor=8"]);
  expect(calm(2)).toEqual([]);
  expect(calm(1)).toEqual(["--optimize-for-size", "--semi-space-growth-factor=1"]);
  heap.stop();
  expect(flags.splice(0)).toEqual(["unwatched", "--no-optimize-for-size", "--semi-space-growth-factor=2"]);
  expect(calm(4)).toEqual([]);
});

it("asks the process for its own load, and knows flags that V8 knows", () => {
  const heap = keepHeapFrugal();
  expect(() => vi.advanceTimersByTime(5_000)).not.toThrow();
  heap.stop();
  for (const flag of ["--optimize-for-size", "--no-optimize-for-size", "--semi-space-growth-factor=8"]) {
    const { status, stderr } = spawnSync(process.execPath, [flag, "-e", "0"], { encoding: "utf8" });
    expect([flag, status, stderr]).toEqual([flag, 0, ""]);
  }
});
