/** What goes on while servers go: a running execution over a kill -9 of its server, and load over a rolling restart. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createTokens } from "../../src/access/tokens.ts";
import { openDatabase } from "../../src/database/database.ts";
import { runLoad, type Load } from "../../tools/drill/load.ts";
import { findProblems } from "../../tools/drill/check.ts";
import { createRandom } from "../../tools/drill/random.ts";
import { createDrillWorld } from "../../tools/drill/world.ts";
import { CLI_FILE, runCli, startCli } from "../support/cli.ts";
import { describeOnBothEngines } from "../support/engines.ts";

describeOnBothEngines("kill -9 of the server under a worker elsewhere", (engine) => {
  it(
    "leaves a running execution running, and its end is answered by the restarted server",
    { timeout: 120_000 },
    async () => {
      const place = await engine.createDatabase();
      const scratch = await mkdtemp(join(tmpdir(), "wilco-restart-"));
      engine.onCleanup(() => rm(scratch, { recursive: true, force: true }));
      const [journal, gate, inventory] = ["journal", "gate", "wilco.yaml"].map((name) => join(scratch, name));
      const dataDir = place.engine === "sqlite" ? place.dataDir : join(scratch, "data");
      const where = ["--data-dir", dataDir, ...(place.engine === "sqlite" ? [] : ["--database-url", place.url])];
      const serve = async (port: string) => {
        const server = startCli(["--quiet", "server", "--no-worker", "--port", port, ...where]);
        const [url] = await server.line(/^http:.*$/);
        return { server, url };
      };
      let admin = "";
      if (place.engine === "postgres") {
        const database = await openDatabase({ url: place.url });
        admin = (await createTokens({ database }).bootstrap("admin")).token;
        await database.close();
      }
      const first = await serve("0");
      if (place.engine === "sqlite") admin = (await readFile(join(dataDir, "admin.token"), "utf8")).trim();
      const env = { WILCO_SERVER: first.url, WILCO_TOKEN: admin };
      const { stdout: token } = await runCli(["tokens", "create", "w", "--role", "worker", "--quiet"], { env });
      const worker = startCli(["worker", "--name", "w", "--state-dir", join(scratch, "w")], {
        env: { ...env, WILCO_TOKEN: token.trim() },
      });
      await worker.line(/is ready/);
      await writeFile(
        inventory!,
        `types: { job: { runsOn: any, operations: { once: { run: [sh, -c, 'echo started >> ${journal}; echo before; while [ ! -e ${gate} ]; do sleep 0.05; done; echo after'] } } } }
resources: { one: { type: job } }
`,
      );
      expect(await runCli(["apply", inventory!], { env })).toMatchObject({ code: 0 });

      const following = startCli(["exec", "one", "once"], { env });
      await following.line(/before/);
      first.server.kill("SIGKILL");
      await first.server.ended;
      // The work ends while nobody is there to hear of it.
      await writeFile(gate!, "");
      const second = await serve(new URL(first.url).port);
      expect(await following.ended).toMatchObject({ code: 0, stdout: "before\nafter\n" });
      expect(await readFile(journal!, "utf8")).toBe("started\n");
      const [entry] = JSON.parse((await runCli(["history", "--json"], { env })).stdout) as Array<object>;
      expect(entry).toMatchObject({ status: "succeeded", attempt: 1 });
      for (const process of [worker, second.server]) {
        process.kill("SIGTERM");
        expect((await process.ended).code).toBe(0);
      }
    },
  );
});

it(
  "a rolling restart of two servers under load fails no call, loses nothing and repeats nothing",
  { timeout: 180_000 },
  async () => {
    const faults: string[] = [];
    const world = await createDrillWorld({
      engine: "postgres",
      cli: CLI_FILE,
      servers: 2,
      workers: 2,
      // No lease may lapse for a busy machine: then something would be repeated, and rightly so.
      lease: 60_000,
      lostAfter: 120_000,
      random: createRandom(1),
      onFault: (what) => faults.push(what),
    });
    onTestFinished(() => world.close(false));
    const resources = ["a", "b", "c", "d"];
    await world.api.apply({ resources: Object.fromEntries(resources.map((name) => [name, { type: "journal" }])) });
    let rolling = true;
    const load: Load = { calls: new Map(), told: new Map() };
    const loading = runLoad(
      {
        api: world.api,
        seed: 1,
        more: (filed) => filed < 100 || rolling,
        resources,
        longest: 200,
        clients: 4,
        batch: 8,
        signal: new AbortController().signal,
        onProgress: () => {},
      },
      load,
    );
    for (const { piece, start } of world.servers) {
      await piece.stop();
      await start();
    }
    rolling = false;
    await loading;
    for (const worker of world.workers) await worker.stop();
    for (const { piece } of world.servers) await piece.stop();
    const database = await world.openDatabase();
    onTestFinished(() => database.close());
    expect(await findProblems(database, world.journal, load)).toEqual([]);
    expect(await database.query("SELECT id FROM entry WHERE status <> 'succeeded' OR attempt <> 1")).toEqual([]);
    expect(faults).toEqual([]);
  },
);
