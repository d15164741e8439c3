/**
 * The corpus of hostile scripts: each runs as a script and as a line of a session, under small limits, two at a time.
 * The tables say how each ends; that nothing of the host gets out is checked for all of them.
 */
import { hostname, homedir, tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bridgeAbuse, poisoned } from "./bridge.ts";
import type { End, HostileCase, LineEnd, Theme } from "./case.ts";
import { afterInterrupts, floodsAndThrows } from "./endings.ts";
import { escapes, forbiddenImports } from "./escapes.ts";
import { loops, nativeLoops, taskLoops } from "./loops.ts";
import { memory } from "./memory.ts";
import { recursion } from "./recursion.ts";
import { removeCache, runAsLine, runAsScript, type CaseRun } from "./run-case.ts";

const THEMES: readonly Theme[] = [
  memory,
  loops,
  nativeLoops,
  taskLoops,
  recursion,
  bridgeAbuse,
  poisoned,
  escapes,
  forbiddenImports,
  floodsAndThrows,
  afterInterrupts,
];

/** Runs at one time. */
const LANES = 2;
const MB = 1024 * 1024;
/**
 * What a theme may add to the process's memory at its highest: for each lane the fixed memory of the largest case (64
 * MB), and that of one whose thread is just being ended, and 300 MB for what Node needs for threads and the fake server.
 * Without the fixed size one script alone took 1,200 MB.
 */
const MEMORY_BOUND = LANES * 2 * 64 * MB + 300 * MB;

const SECRET = "hostile-secret-of-the-host";

/** Nothing of these may be in what a guest printed or threw. */
const HOST_TEXTS = [
  process.cwd(),
  tmpdir() + "/",
  "wilco-hostile-",
  "node_modules",
  "file://" + process.cwd(),
  "node:internal",
  "src/sandbox/",
  "dist/sandbox/",
  SECRET,
  ...[homedir(), hostname()].filter((text) => text.length > 5),
];

const AS_LINE: Partial<Record<End, LineEnd>> = {
  completed: "value",
  threw: "error",
  invalid: "error",
  interrupted: "interrupted",
  "limit cpu": "cpu",
  "limit memory": "memory",
};

const list = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? (one as readonly T[]) : [one as T]);

function check<Ended extends string>(run: CaseRun<Ended>, ends: readonly Ended[], { code, says }: HostileCase): void {
  expect({ ...run, output: "" }).toMatchObject({ ended: expect.toBeOneOf([...ends]) });
  expect(run.faults).toEqual([]);
  if (code !== undefined) expect(run.code).toBe(code);
  if (says !== undefined) expect(run.output).toContain(says);
  for (const text of HOST_TEXTS) expect(run.output).not.toContain(text);
}

describe.each(THEMES)("hostile scripts: $title", ({ cases }) => {
  let highest = 0;
  let before = 0;
  let sampling: NodeJS.Timeout;

  beforeAll(() => {
    process.env["HOSTILE_SECRET"] = SECRET;
    before = process.memoryUsage.rss();
    sampling = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
  });
  afterAll(() => {
    clearInterval(sampling);
    delete process.env["HOSTILE_SECRET"];
  });

  const lanes = Array.from({ length: LANES }, () => Promise.resolve());
  let next = 0;
  /** One at a time in each lane. */
  function inLane<T>(what: () => Promise<T>): Promise<T> {
    const lane = next++ % LANES;
    const run = lanes[lane]!.then(what);
    lanes[lane] = run.then(
      () => {},
      () => {},
    );
    return run;
  }

  it.concurrent.each(cases)("one that $name", { timeout: 120_000 }, async (hostile) => {
    await inLane(async () => {
      const ends = list(hostile.ends);
      check(await runAsScript(hostile), ends, hostile);
      const line = await runAsLine(hostile);
      const lineEnds = hostile.line ? list(hostile.line) : ends.map((end) => AS_LINE[end]!);
      check<LineEnd>(line, lineEnds, hostile.lineSays === false ? { ...hostile, says: undefined! } : hostile);
      expect(line).toMatchObject({ usable: "2", keptAsTold: true });
    });
  });

  it("stays within its memory", () => {
    expect(highest - before).toBeLessThan(MEMORY_BOUND);
  });
});

afterAll(removeCache);

it("the corpus has 150 scripts at least", () => {
  expect(THEMES.flatMap(({ cases }) => cases).length).toBeGreaterThanOrEqual(150);
});
