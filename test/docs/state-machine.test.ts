import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { STATUSES, TERMINAL_STATUSES, TRANSITIONS } from "../../src/domain/status.ts";

const page = readFileSync(new URL("../../docs/state-machine.md", import.meta.url), "utf8");
const transitions = STATUSES.flatMap((from) => TRANSITIONS[from].map((to) => `${from} → ${to}`)).toSorted();

function found(pattern: RegExp): string[] {
  return [...page.matchAll(pattern)].map(([, from, to]) => `${from} → ${to}`).toSorted();
}

test("the table of docs/state-machine.md has every transition once, and no other", () => {
  expect(found(/^\| `(\w+)` +\| `(\w+)` +\|/gm)).toEqual(transitions);
});

test("the drawing has the same, and every terminal status ends", () => {
  expect(found(/^ +(\w+) --> (\w+)$/gm)).toEqual(transitions);
  for (const status of TERMINAL_STATUSES) expect(page).toContain(`    ${status} --> [*]`);
});
