/**
 * kill -9 of the server in the middle of a run, and a restart: no entry is lost, and nothing is repeated that was not
 * declared repeatable. What really ran is told by a journal that the operations write themselves, outside the database.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createTokens } from "../../src/access/tokens.ts";
import { connect } from "../../src/index.ts";
import { openDatabase } from "../../src/database/database.ts";
import { runCli, startCli } from "../support/cli.ts";
import { describeOnBothEngines, type DatabasePlace, type EngineWorld } from "../support/engines.ts";

const INVENTORY = (journal: string, gate: string) => `
types:
  journal:
    operations:
      once:
        parameters: { type: object, properties: { id: { type: string } }, required: [id] }
        run: [sh, -c, 'echo "$1" >> ${journal}; while [ ! -e ${gate} ]; do sleep 0.05; done', journal, "{{parameters.id}}"]
      repeatable:
        parameters: { type: object, properties: { id: { type: string } }, required: [id] }
        run: [sh, -c, 'echo "$1" >> ${journal}; while [ ! -e ${gate} ]; do sleep 0.05; done', journal, "{{parameters.id}}"]
        onLost: requeue
resources:
  one: { type: journal }
  two: { type: journal }
  three: { type: journal }
`;

interface Place {
  dataDir: string;
  args: string[];
  token: string;
}

async function placeOf(engine: EngineWorld, database: DatabasePlace): Promise<Place> {
  if (database.engine === "sqlite") {
    return { dataDir: database.dataDir, args: ["--data-dir", database.dataDir], token: "" };
  }
  const dataDir = await mkdtemp(join(tmpdir(), "wilco-kill-"));
  engine.onCleanup(() => rm(dataDir, { recursive: true, force: true }));
  const opened = await openDatabase({ url: database.url });
  const { token } = await createTokens({ database: opened }).bootstrap("admin");
  await opened.close();
  return { dataDir, args: ["--data-dir", dataDir, "--database-url", database.url], token };
}

async function startServer(place: Place) {
  const server = startCli(["--quiet", "server", "--port", "0", ...place.args]);
  const [url] = await server.line(/^http:.*$/);
  const token = place.token || (await readFile(join(place.dataDir, "admin.token"), "utf8")).trim();
  return { server, url, token };
}

describeOnBothEngines("kill -9 of the server in the middle of a run", (engine) => {
  it("loses no entry and repeats nothing that was not declared repeatable", async () => {
    const place = await placeOf(engine, await engine.createDatabase());
    const scratch = await mkdtemp(join(tmpdir(), "wilco-journal-"));
    engine.onCleanup(() => rm(scratch, { recursive: true, force: true }));
    const journal = join(scratch, "journal");
    const gate = join(scratch, "gate");
    await writeFile(journal, "");
    const inventory = join(scratch, "wilco.yaml");
    await writeFile(inventory, INVENTORY(journal, gate));

    const first = await startServer(place);
    const env = { WILCO_SERVER: first.url, WILCO_TOKEN: first.token };
    expect(await runCli(["apply", inventory], { env })).toMatchObject({ code: 0 });
    const client = connect({ url: first.url, token: first.token });
    const [one, two, three] = await Promise.all([
      client.resource("one"),
      client.resource("two"),
      client.resource("three"),
    ]);
    const once = one.operations["once"]!({ id: "once" });
    const repeatable = two.operations["repeatable"]!({ id: "repeatable" });
    const waiting = one.operations["once"]!({ id: "waiting" });
    const later = three.operations["once"]!({ id: "later" }, { at: "+1h" });
    const filed = await Promise.all([once, repeatable, waiting, later].map((execution) => execution.detach()));
    await until(async () => (await linesOf(journal)).length === 2);
    first.server.kill("SIGKILL");
    await first.server.ended;
    client.close();

    const second = await startServer(place);
    await writeFile(gate, "");
    const again = connect({ url: second.url, token: second.token });
    const outcome = async (index: number) =>
      again.history.wait(filed[index]!.id, { delay: "50ms", waitTimeout: "20s" });
    expect(await outcome(0)).toMatchObject({
      status: "lost",
      attempt: 1,
      error: { code: "worker_lost", source: "system" },
    });
    expect(await outcome(1)).toMatchObject({ status: "succeeded", attempt: 2 });
    expect(await outcome(2)).toMatchObject({ status: "succeeded", attempt: 1 });
    expect(await again.history.get(filed[3]!.id)).toMatchObject({ status: "scheduled" });
    const ran = await linesOf(journal);
    expect(ran.toSorted()).toEqual(["once", "repeatable", "repeatable", "waiting"]);
    again.close();
    second.server.kill("SIGTERM");
    expect((await second.server.ended).code).toBe(0);
  });
});

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
}

/** The journal is written by another process's child, which has no way to call us: looked at until it is so. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
