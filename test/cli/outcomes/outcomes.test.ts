/** What was asked, what happened, and the exit code: each case is a real command against a real server. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ENGINES, type Engine } from "../../support/engines.ts";
import type { OutcomeCase } from "./case.ts";
import { documentedTable, outcomeTable, SECTIONS } from "./table.ts";
import { outcomeWorld, type OutcomeWorld } from "./world.ts";

/** All of them on both engines takes minutes (`npm run outcomes`); otherwise each is tried on one of the two, in turn. */
const ALL = process.env["WILCO_OUTCOMES"] === "all";
const isFor = (engine: Engine, index: number) => ALL || ENGINES[index % ENGINES.length] === engine;

describe.each(ENGINES)("On %s", (engine) => {
  let world: OutcomeWorld;
  beforeAll(async () => {
    world = await outcomeWorld(engine);
  }, 120_000);
  afterAll(() => world.stop());

  async function check(one: OutcomeCase): Promise<void> {
    const mine = world.forCase();
    try {
      const ended = await one.run(mine);
      const entries = one.entries === "unknown" ? "unknown" : await mine.entries();
      // With all that was said, for whoever has to find out why it is another code.
      const said = `${ended.stdout}${ended.stderr}`;
      expect({ exit: ended.code, entries, said }).toEqual({ exit: one.exit, entries: one.entries, said });
      if (one.stdout) expect(ended.stdout).toMatch(one.stdout);
      if (one.stderr) expect(ended.stderr).toMatch(one.stderr);
      // A script's own exit code is the script's to explain.
      if (one.exit !== 0 && one.exit !== 17) expect(ended.stderr).not.toBe("");
    } finally {
      await mine.done();
    }
  }

  for (const { cases, alone } of SECTIONS) {
    const test = alone ? it : it.concurrent;
    test.each(cases.filter((_one, index) => isFor(engine, index)))("$asked: $happened → $exit", check, 60_000);
  }
});

describe("The outcome table", () => {
  it("in docs/cli.md is that of the cases", () => {
    expect(documentedTable(), "run: node test/cli/outcomes/table.ts").toBe(outcomeTable());
  });

  it("has at least forty cases", () => {
    expect(SECTIONS.flatMap(({ cases }) => cases).length).toBeGreaterThanOrEqual(40);
  });
});
