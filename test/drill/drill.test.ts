/** The drill in short: everything goes wrong at least once, under work. `npm run drill` has it in full. */
import { appendFile, mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findProblems } from "../../tools/drill/check.ts";
import { runDrill } from "../../tools/drill/drill.ts";
import type { Load } from "../../tools/drill/load.ts";
import { createWorld } from "../operations/world.ts";
import { CLI_FILE } from "../support/cli.ts";
import { describeOnBothEngines, ENGINES } from "../support/engines.ts";

/** Replays a run: which things go wrong, in which order, with which pauses. */
const SEED = Number(process.env["WILCO_DRILL_SEED"] ?? 20_260);

describe("a drill", () => {
  it.concurrent.each(ENGINES)(
    "on %s loses nothing, repeats nothing that may not be repeated, and leaves nothing behind",
    { timeout: 600_000 },
    async (engine) => {
      const report = await runDrill({
        engine,
        seed: SEED,
        executions: 200,
        // More calls at once only cost more: what goes wrong takes its time, and work is asked for until all of it has.
        clients: 3,
        batch: 8,
        servers: engine === "sqlite" ? 1 : 2,
        workers: 2,
        lease: 2_000,
        lostAfter: 4_000,
        patience: 540_000,
        pause: [100, 600],
        cli: CLI_FILE,
        say: () => {},
      });
      expect(report.problems, `seed ${SEED}, logs in ${report.folder}`).toEqual([]);
      expect(Object.keys(report.statuses).filter((status) => !["succeeded", "lost"].includes(status))).toEqual([]);
      expect(Object.keys(report.chaos)).toHaveLength(engine === "sqlite" ? 6 : 7);
    },
  );
});

describeOnBothEngines("what a drill looks for afterwards", (engine) => {
  it("is found: runs that should not be, ends that nobody was told of, gaps, leases", async () => {
    const world = await createWorld(engine);
    const folder = await mkdtemp(join(tmpdir(), "wilco-drill-check-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const journal = join(folder, "journal");
    await mkdir(journal);
    const note = (what: string, entry: number) =>
      appendFile(join(journal, "w1"), `${JSON.stringify({ what, entry })}\n`);
    const session = await world.register();
    const load: Load = { calls: new Map(), told: new Map() };
    const run = async (runs: number) => {
      const { id } = await world.submit("a", "work");
      const [assignment] = await world.claim(session);
      for (let i = 0; i < runs; i++) for (const what of ["start", "end"]) await note(what, id);
      await world.finish(session, assignment!);
      load.calls.set(id, { id, operation: "once", lines: 0 });
      load.told.set(id, "succeeded");
      return id;
    };
    await run(1);
    expect(await findProblems(world.database, journal, load)).toEqual([]);

    const twice = await run(2);
    const never = await run(0);
    const gap = await run(1);
    await world.database.query("DELETE FROM entry_event WHERE entry = $1 AND seq = 2", [gap]);
    const unheard = await run(1);
    load.told.delete(unheard);
    const running = await world.submit("a", "work");
    await world.claim(session);
    load.calls.set(running.id, { id: 1, operation: "once", lines: 0 });
    const problems = (await findProblems(world.database, journal, load)).join("\n");
    expect(problems).toContain(`entry ${twice} (work, succeeded): it may not be repeated and was started 2 times`);
    expect(problems).toContain(`entry ${never} (work, succeeded): its journal has 0 starts and 0 ends`);
    expect(problems).toContain(`entry ${gap}: its events have a gap`);
    expect(problems).toContain(`entry ${unheard} (work, succeeded): the client was told undefined`);
    expect(problems).toContain(`entry ${running.id} (work, running): it has not ended`);
    expect(problems).toContain(`entry ${running.id}: a lease is left`);
  });
});
