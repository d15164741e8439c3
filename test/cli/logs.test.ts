/** Output is complete: every line once and in order per resource, whether watched live, from half-way, or afterwards. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./world.ts";

const RESOURCES = 20;
const LINES = 5_000;

let world: CliWorld;
beforeAll(async () => {
  world = await cliWorld("resources: {}");
  // Half of the lines, a pause until the test says so, then the other half: "half-way" is a fact, not a time.
  const script = `i=1; while [ $i -le ${LINES} ]; do echo "line $i"; i=$((i+1)); if [ $i -eq ${LINES / 2} ]; then touch "$2/half-$1"; until test -e "$2/go-on"; do sleep 0.05; done; fi; done`;
  const run = ["sh", "-c", script, "sh", "{{resource.name}}", world.dir];
  const names = Array.from({ length: RESOURCES }, (_, at) => `r${at + 1}`);
  const inventory = {
    types: { writer: { operations: { write: { run, exclusive: false } } } },
    resources: Object.fromEntries(names.map((name) => [name, { type: "writer" }])),
  };
  await world.run(["apply", world.file("inventory.json", JSON.stringify(inventory))]);
});
afterAll(() => world.stop());

const expected = Array.from({ length: LINES }, (_, at) => `line ${at + 1}`);

/** Lines by resource, of output in which each line names its resource. */
function byResource(text: string): Map<string, string[]> {
  const lines = text.split("\n").filter((line) => line.includes(" | "));
  const groups = Map.groupBy(lines, (line) => line.split(" | ")[0]!.trim());
  return new Map([...groups].map(([name, own]) => [name, own.map((line) => line.split(" | ")[1]!)]));
}

function expectComplete(text: string): void {
  const found = byResource(text);
  expect([...found.keys()].toSorted()).toEqual(Array.from({ length: RESOURCES }, (_, at) => `r${at + 1}`).toSorted());
  for (const lines of found.values()) expect(lines).toEqual(expected);
}

it("live, from half-way, after the end, as text and as events", async () => {
  const live = world.start(["exec", "r*", "write"]);
  const [, id] = await live.line(/request (\d+): write/);
  // Every writer has written its half.
  await live.line(new RegExp(`line ${LINES / 2 - 1}$`));
  await expect.poll(() => existsSync(join(world.dir, "half-r1")), { timeout: 30_000 }).toBe(true);
  const tail = world.start(["entry", "tail", id!]);
  await tail.line(/line 1$/);
  const wait = world.start(["entry", "wait", id!, "--output", "jsonl"]);
  await wait.line(/"type":"output"/);
  writeFileSync(join(world.dir, "go-on"), "");
  const [first, halfWay, events] = await Promise.all([live.ended, tail.ended, wait.ended]);
  const after = await world.run(["entry", "tail", id!]);

  expect([first.code, halfWay.code, events.code, after.code]).toEqual([0, 0, 0, 0]);
  for (const { stdout } of [first, halfWay, after]) expectComplete(stdout);

  const seen = events.stdout
    .split("\n")
    .filter(Boolean)
    .map(
      (line) =>
        JSON.parse(line) as {
          v: number;
          resource?: { name: string } | string;
          event?: { seq: number; type: string; data: { text?: string } };
        },
    );
  expect(new Set(seen.map(({ v }) => v))).toEqual(new Set([1]));
  const told = seen.filter(({ event, resource }) => event !== undefined && typeof resource === "string");
  for (const [, own] of Map.groupBy(told, ({ resource }) => resource as string)) {
    expect(own.map(({ event }) => event!.seq)).toEqual(own.map((_, at) => at + 1));
    const text = own.map(({ event }) => (event!.type === "output" ? (event!.data.text ?? "") : "")).join("");
    expect(text.trimEnd().split("\n")).toEqual(expected);
  }
}, 300_000);
