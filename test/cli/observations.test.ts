/** What was seen of a resource over time: `wilco resources metrics` and `availability`, and the same in scripts. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { AvailabilityHistory } from "../../src/domain/availability.ts";
import type { MetricHistory } from "../../src/domain/metrics.ts";
import type { Entry } from "../../src/domain/entry.ts";
import { openScreen, shellEnvironment } from "../shell/screen.ts";
import { cliWorld, type CliWorld } from "./world.ts";

const INVENTORY = `
types:
  gauge:
    metrics:
      memory: { description: In use, unit: bytes }
      rate: { description: Requests a second, unit: /s }
    operations:
      check: { run: [cat, alive] }
      metrics: { run: [cat, numbers.json], result: json }
      write:
        parameters: { type: object, properties: { file: { type: string }, text: { type: string } } }
        run: [sh, -c, 'printf %s "$1" > "$2"', sh, "{{parameters.text}}", "{{parameters.file}}"]
      remove: { run: [rm, alive] }
  bare: { operations: { look: { run: ["true"] } } }
resources:
  gauge-1: { type: gauge }
  gauge-2: { type: gauge }
  bare-1: { type: bare }
`;

/** Up, down and up again; two samples, each in a second of its own. */
const SCRIPT = `
import { resource, sleep } from "wilco";

const gauge = resource("gauge-1");
await gauge.write({ file: "alive", text: "" });
await gauge.check();
await gauge.remove();
const { reason } = await gauge.check();
console.log(reason);
await gauge.write({ file: "alive", text: "" });
await gauge.waitUntil("up");

const numbers = (rate: number) => JSON.stringify({ rate, memory: rate * 1_048_576, queue: 1, state: "fine" });
await gauge.write({ file: "numbers.json", text: numbers(10) });
console.log((await gauge.metrics()).state);
await gauge.write({ file: "numbers.json", text: numbers(30) });
let kept = await gauge.metricsHistory({ since: "1h" });
while (kept.rate.count < 2) {
  await sleep("200ms");
  await gauge.metrics();
  kept = await gauge.metricsHistory({ since: "1h" });
}
console.log(Object.keys(kept), kept.rate.points.map(({ value }) => value));
console.log(kept.rate.chart());
console.log(JSON.stringify(await gauge.metricsHistory({ name: "rate", points: 1 })));
const { changes, times, upShare } = await gauge.availabilityHistory();
console.log(changes.map(({ availability }) => availability), times.down > 0, upShare > 0 && upShare < 1);
console.log((await gauge.availabilityHistory({ limit: 1 })).truncated);
console.log(await resource("gauge-2").metricsHistory());
const refused: unknown[] = [
  () => gauge.metricsHistory({ name: "rat" }),
  () => gauge.metricsHistory({ points: 20_000 }),
  () => gauge.metricsHistory({ sinse: "1h" } as object),
  () => gauge.availabilityHistory({ since: "1h", until: "2h" }),
];
for (const call of refused as (() => Promise<unknown>)[]) {
  await call().catch(({ code, message, hint }) => console.log(code, "|", message, "|", hint));
}
`;

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld(INVENTORY, [], () => {}, { WILCO_AUTOMATIC: "on" });
}, 30_000);
afterAll(() => world.stop());

const time = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g;
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await world.run(["resources", ...args, "--utc"]);
  return { code, stdout: stdout.replaceAll(time, "TIME"), stderr: stderr.replaceAll(time, "TIME") };
};

it("is told in scripts as series that draw themselves, and as changes with their reasons", async () => {
  const { code, stdout, stderr } = await world.run(["run", "--quiet", world.file("observe.ts", SCRIPT)]);
  expect([code, stderr]).toEqual([0, ""]);
  const lines = stdout.split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "exit code 1: cat: alive: No such file or directory",
    "fine",
    "[ 'memory', 'queue', 'rate' ] [ 10, 30 ]",
    "▁█",
    "min 10  mean 20  max 30  (2 values)",
  ]);
  expect(JSON.parse(lines[5]!)).toMatchObject({
    rate: { unit: "/s", description: "Requests a second", count: 2, mean: 20, last: 30, points: [{ value: 20 }] },
  });
  expect(lines.slice(6, -1)).toEqual([
    "[ 'up', 'down', 'up' ] true true",
    "true",
    "{}",
    'invalid_request | gauge-1 has no metric "rat" | Did you mean "rate"?',
    "invalid_request | points is 20000 | Write a whole number from 1 to 10000.",
    'invalid_request | The query has no "sinse" | Did you mean "since"?',
    expect.stringMatching(/ends \(until .*\) before it begins \(since .*\) \| Exchange since and until\.$/),
  ]);
}, 30_000);

it("is told on the command line as a table, as lines, and as JSON", async () => {
  expect(await run("metrics", "gauge-1")).toEqual({
    code: 0,
    stderr: "",
    stdout: `METRIC   LAST    MIN   MEAN    MAX  SAMPLES  DESCRIPTION
memory  30 MB  10 MB  20 MB  30 MB        2  In use
queue       1      1      1      1        2
rate    30 /s  10 /s  20 /s  30 /s        2  Requests a second
`,
  });
  const drawn = await run("metrics", "gauge-1", "memory", "--chart");
  expect(drawn.stdout).toBe("memory In use\n▁█\nmin 10 MB  mean 20 MB  max 30 MB  last 30 MB\n");
  const { stdout } = await world.run(["resources", "metrics", "gauge-1", "queue", "--since", "-1h", "--json"]);
  const { resource, series } = JSON.parse(stdout) as MetricHistory;
  expect([resource, series]).toMatchObject([
    "gauge-1",
    [{ name: "queue", unit: null, description: null, count: 2, min: 1, mean: 1, max: 1, last: 1 }],
  ]);
  expect(series[0]!.points.map(({ value }) => value)).toEqual([1, 1]);

  const availability = await run("availability", "gauge-1", "--limit", "2");
  expect(availability.stdout).toMatch(
    /^resource {6}gauge-1\navailability {2}up\nfrom {10}TIME to TIME\nup {12}[\d.]+% of the time that it was known\nin all {8}up \S.*, down .*, unknown .*\n\nAT +AVAILABILITY +ENTRY {2}REASON\nTIME {2}up +\d+\nTIME {2}down +\d+ {2}exit code 1: cat: alive: No such file or directory\n$/,
  );
  expect(availability.stderr).toBe("There are older changes: give --limit, or an earlier --until.\n");
  const history = JSON.parse(
    (await world.run(["resources", "availability", "gauge-1", "--json"])).stdout,
  ) as AvailabilityHistory;
  expect(history.changes.map((change) => change.availability)).toEqual(["up", "down", "up"]);
  expect(history.times.up + history.times.down + history.times.unknown).toBe(
    Date.parse(history.until) - Date.parse(history.since),
  );
});

it("says so where nothing is known, and refuses what is not", async () => {
  for (const [args, code, words] of [
    [["metrics", "gauge-2"], 0, "No metrics of gauge-2 were kept from TIME to TIME. wilco exec gauge-2 metrics reads"],
    [["metrics", "bare-1"], 0, "bare-1 has no metrics: its type bare has no operation metrics.\n"],
    [["metrics", "gauge-1", "queu"], 2, 'gauge-1 has no metric "queu".\n  Did you mean "queue"?\n'],
    [["metrics", "gauge-9"], 2, 'There is no resource "gauge-9".\n  Did you mean "gauge-1"?'],
    [["availability", "gauge-9"], 2, 'There is no resource "gauge-9".'],
    [["availability", "gauge-1", "--since", "1h", "--until", "2h"], 2, "before it begins (since "],
  ] as const) {
    expect(await run(...args)).toEqual({ code, stdout: "", stderr: expect.stringContaining(words) as string });
  }
  expect((await run("availability", "bare-1")).stdout).toMatch(
    /^resource {6}bare-1\navailability {2}unknown\n.*\nup {12}not known\nin all {8}unknown .*\n$/,
  );
});

it("is kept for as long as is set for the database", async () => {
  const settings = async (...args: string[]) => world.run(["settings", ...args]);
  expect(await settings("set", "keep-metrics", "30d")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "keep-metrics is 30d.\n",
  });
  const { stdout } = await settings("list");
  expect(stdout).toMatch(
    /^NAME +VALUE +DEFAULT +DESCRIPTION\n[^]*\nkeep-metrics +30d +1d +how long samples of metrics stay\n/,
  );
  expect(await settings("set", "keep-metric", "1x")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("is not a duration") as string,
  });
  expect(await settings("set", "keep-metric", "1h")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Did you mean "keep-metrics"?') as string,
  });
  // History is deleted for good, so nobody does it by the way.
  expect(stdout).toMatch(/\nkeep-history +for ever +for ever +/);
  expect(await settings("set", "keep-history", "90d")).toMatchObject({
    code: 2,
    stderr:
      "error: what ended more than 90d ago would be removed, and nobody is there to say yes.\n  Repeat it with --yes.\n",
  });
  expect(await settings("set", "keep-history", "1m")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("The shortest is 1h.") as string,
  });
  expect(await settings("set", "keep-history", "90d", "--yes")).toMatchObject({ code: 0 });
  // Longer than now deletes nothing.
  expect(await settings("set", "keep-history", "365d")).toMatchObject({ code: 0, stderr: "keep-history is 365d.\n" });
  expect(await settings("set", "keep-history", "forever")).toMatchObject({
    code: 0,
    stderr: "keep-history is for ever, the default.\n",
  });
});

it("is left out of the history with a word on it for people, where there was something to leave out", async () => {
  const leftOut = /Automatic checks and metrics are left out; --automatic shows them too\./;
  const none = await world.run(["history", "--resource", "gauge-2"]);
  expect([none.stdout, none.stderr]).toEqual(["", "No entries match.\n"]);
  await world.run(["resources", "edit", "gauge-2", "--check-every", "10s"]);
  const automatic = async () =>
    (await world.ask<{ items: Entry[] }>("GET", "/v1/entries?automatic=true&resource=gauge-2")).items;
  await expect.poll(async () => (await automatic()).length, { timeout: 20_000 }).toBeGreaterThan(0);
  const told = await world.run(["history", "--resource", "gauge-2"]);
  expect(told.stderr).toMatch(leftOut);
  expect(told.stdout).toBe("");
  expect((await world.run(["history", "--resource", "gauge-2", "--status", "lost"])).stderr).not.toMatch(leftOut);
  expect(await world.run(["history", "--resource", "gauge-2", "--json"])).toMatchObject({ stdout: "[]\n", stderr: "" });
  expect((await world.run(["history"])).stderr).toBe("");

  const { env, state } = shellEnvironment(world);
  const list = openScreen({ env, cwd: state, args: ["history", "--limit", "3"] });
  expect(await list.shows(/ended with 0/)).toMatch(leftOut);
  const asked = openScreen({ env, cwd: state, args: ["history", "--operation", "write"] });
  expect(await asked.shows(/ended with 0/)).not.toMatch(leftOut);
  const shell = openScreen({ env, cwd: state });
  await shell.prompt();
  shell.enter('resource("gauge-2").history()');
  await shell.shows(/Automatic checks and metrics are left out; automatic: true shows them too\./);
}, 60_000);
