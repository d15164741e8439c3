/**
 * The corpus of hostile scripts: each runs as a script and as a line of a session that is used on, under small limits, two
 * at a time. The tables say how each ends; that nothing of the host gets out is checked for all of them. `npm run corpus`
 * runs all, `npm test` a half (`selection.ts`).
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withExportedTable } from "../../../src/sandbox/rejections.ts";
import { bridgeAbuse, forgeries } from "./bridge.ts";
import type { End, HostileCase, LineEnd, Theme } from "./case.ts";
import { afterInterrupts, floodsAndThrows } from "./endings.ts";
import { escapes, forbiddenImports } from "./escapes.ts";
import { loops, nativeLoops, taskLoops } from "./loops.ts";
import type { CaseRun } from "./measure.ts";
import { memory } from "./memory.ts";
import { poisoned } from "./poisoned.ts";
import { recursion } from "./recursion.ts";
import { createLineRunner, type LineRunner } from "./run-lines.ts";
import { HOST_TOKEN, runAsScript } from "./run-script.ts";
import { halfOf, wayOf } from "./selection.ts";
import { isPeaceful, oneAfterTheOther, partOf } from "./together.ts";

const THEMES: readonly Theme[] = [
  memory,
  loops,
  nativeLoops,
  taskLoops,
  recursion,
  bridgeAbuse,
  forgeries,
  poisoned,
  escapes,
  forbiddenImports,
  floodsAndThrows,
  afterInterrupts,
];

/** A thread and a VM for each costs a minute and a half of computing in all. */
const chosen = process.env["WILCO_CORPUS"] === "all" ? (cases: Theme["cases"]) => cases : halfOf;

/** For all that waits for its turn, on a loaded machine: each evaluation is ended by itself much earlier. */
const TIMEOUT = { timeout: 300_000 };
/** Runs at one time. */
const LANES = 2;
const MB = 1024 * 1024;
/**
 * What the corpus may add to the process's memory at its highest. For each lane three VMs of a fixed size (a script's, and
 * two sessions that wait to be used on: 64 + 64 + 32 MB) and one that is just being ended (64 MB), if every page of them
 * was written to; and 200 MB for the threads' own heaps and the host's end. Without the fixed size one script took 1,200.
 */
const MEMORY_BOUND = LANES * (64 + 64 + 32 + 64) * MB + 200 * MB;

const SECRET = "hostile-secret-of-the-host";

/** Nothing of these may be in what a guest printed or threw. */
function hostTexts(): string[] {
  return [
    // Said by scripts that found what they looked for.
    "GOT OUT",
    process.cwd(),
    tmpdir() + "/",
    "wilco-hostile-",
    "node_modules",
    "node:internal",
    "src/sandbox/",
    "dist/sandbox/",
    HOST_TOKEN,
    SECRET,
    // Shorter ones are words that anybody may write.
    ...[homedir(), hostname()].filter((text) => text.length > 5),
    ...Object.values(process.env as Record<string, string>).filter((text) => text.length > 12),
  ];
}

const AS_LINE: Partial<Record<End, LineEnd>> = {
  completed: "value",
  threw: "error",
  invalid: "error",
  interrupted: "interrupted",
  "limit cpu": "cpu",
  "limit memory": "memory",
};

interface Expected<Ended> {
  ends: readonly Ended[];
  code?: string | undefined;
  says?: string | undefined;
}

function check<Ended extends string>(run: CaseRun<Ended>, { ends, code, says = "" }: Expected<Ended>): void {
  const ended = `it ended as ${run.ended}`;
  expect([ended, run.output.slice(-1_000)]).toEqual([
    expect.toBeOneOf(ends.map((end) => `it ended as ${end}`)),
    expect.anything(),
  ]);
  expect(run.faults).toEqual([]);
  if (code !== undefined) expect(run.code).toBe(code);
  expect(run.output).toContain(says);
  for (const text of hostTexts()) expect(run.output).not.toContain(text);
}

function expectedOfScript({ ends, code, says }: HostileCase): Expected<End> {
  return { ends: [ends].flat(), code, says };
}

function expectedOfLine({ ends, line, code, says, lineSays }: HostileCase): Expected<LineEnd> {
  const lineEnds = line === undefined ? [ends].flat().map((end) => AS_LINE[end]!) : ([line].flat() as LineEnd[]);
  return { ends: lineEnds, code, says: lineSays === false ? undefined : says };
}

let cacheDirectory: string;
let runners: LineRunner[];
let sampling: NodeJS.Timeout;
let before = 0;
let highest = 0;
/** V8 shares the machine code of equal modules while one of them lives: each VM starts with what others compiled. */
let compiled: WebAssembly.Module[] = [];
/** Lanes in which nothing runs. */
const free: number[] = [];
const waiting: Array<(lane: number) => void> = [];

beforeAll(async () => {
  process.env["HOSTILE_SECRET"] = SECRET;
  const file = createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
  compiled.push(new WebAssembly.Module(withExportedTable(readFileSync(file))));
  cacheDirectory = await mkdtemp(join(tmpdir(), "wilco-hostile-cache-"));
  runners = Array.from({ length: LANES }, () => createLineRunner(cacheDirectory));
  free.push(...runners.keys());
  before = process.memoryUsage.rss();
  sampling = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 20);
});

afterAll(async () => {
  clearInterval(sampling);
  delete process.env["HOSTILE_SECRET"];
  await Promise.all(runners.map((runner) => runner.close()));
  await rm(cacheDirectory, { recursive: true, force: true });
  compiled = [];
});

/** One at a time in each lane. */
async function inLane<T>(what: (runner: LineRunner) => Promise<T>): Promise<T> {
  const lane = free.pop() ?? (await new Promise<number>((resolve) => waiting.push(resolve)));
  try {
    return await what(runners[lane]!);
  } finally {
    const next = waiting.shift();
    if (next) next(lane);
    else free.push(lane);
  }
}

describe("hostile scripts that end by themselves", () => {
  const themes = THEMES.map(({ title, cases }) => ({ title, cases: cases.filter(isPeaceful) }));

  it.concurrent.each(themes.filter(({ cases }) => cases.length > 0))(
    "in one script: $title",
    TIMEOUT,
    async ({ cases }) => {
      const together = oneAfterTheOther(cases);
      const run = await inLane(() => runAsScript(together, cacheDirectory));
      check(run, expectedOfScript(together));
      const silent = cases.filter(({ says = "" }, index) => !partOf(run.output, index)?.includes(says));
      expect(silent.map(({ name }) => name)).toEqual([]);
    },
  );
});

describe.each(THEMES)("hostile scripts: $title", ({ cases }) => {
  it.concurrent.each(chosen(cases))("one that $name", TIMEOUT, async (hostile) => {
    await inLane(async (runner) => {
      if (!isPeaceful(hostile)) check(await runAsScript(hostile, cacheDirectory), expectedOfScript(hostile));
      if (hostile.line === "not run") return;
      const line = await runner.run(hostile);
      check(line, expectedOfLine(hostile));
      expect(line).toMatchObject({ usable: "2", keptAsTold: true });
    });
  });
});

describe("the corpus of hostile scripts", () => {
  it("has 180 scripts at least, each with a name of its own", () => {
    const names = THEMES.flatMap(({ cases }) => cases.map(({ name }) => name));
    expect(names.length).toBeGreaterThanOrEqual(180);
    expect(new Set(names).size).toBe(names.length);
  });

  it("leaves no way of ending and no theme out where only a half of it runs", () => {
    const ways = (choose: (cases: Theme["cases"]) => Theme["cases"]) =>
      new Set(THEMES.flatMap(({ title, cases }) => choose(cases).map((one) => `${title}: ${wayOf(one)}`)));
    expect(ways(halfOf)).toEqual(ways((cases) => cases));
  });

  it("kept the process within its memory", () => {
    expect(highest - before).toBeLessThan(MEMORY_BOUND);
    if (process.env["WILCO_CORPUS_FIGURES"] === "1") {
      console.log(`the process grew by ${Math.round((highest - before) / MB)} MB, from ${Math.round(before / MB)}`);
    }
  });
});
