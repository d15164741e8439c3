/** What is done every second: by its plans it reads what is open and due, however much there is beside it. */
import { expect, it } from "vitest";
import type { Sql } from "../../src/database/database.ts";
import { describeOnBothEngines } from "../support/engines.ts";
import { createWorld, workerToken, type World } from "./world.ts";

/** Notes each statement with its last parameters. */
function listen({ database }: World): Map<string, readonly unknown[]> {
  const statements = new Map<string, readonly unknown[]>();
  const note = (sql: Sql) => {
    const query = sql.query.bind(sql);
    sql.query = (text, parameters = []) => {
      statements.set(text, parameters);
      return query(text, parameters);
    };
  };
  const transaction = database.transaction.bind(database);
  note(database);
  database.transaction = (work) =>
    transaction((tx) => {
      note(tx);
      return work(tx);
    });
  return statements;
}

/** Copies of an entry that has ended, and of one that is not due. */
async function fill({ database }: World, engine: string, ended: number, scheduled: number): Promise<void> {
  const columns = await database.query<{ name: string }>(
    engine === "sqlite"
      ? "SELECT name FROM pragma_table_info('entry')"
      : "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'entry'",
  );
  const same = columns.map(({ name }) => name).filter((name) => name !== "id" && name !== "key");
  for (const [id, copies] of [
    [ended, 2_000],
    [scheduled, 2_000],
  ]) {
    await database.query(
      `INSERT INTO entry (key, ${same.join(", ")})
       SELECT entry.key || n.value, ${same.map((name) => `entry.${name}`).join(", ")} FROM entry,
         ${engine === "sqlite" ? "json_each($2)" : "json_array_elements_text($2::json)"} AS n WHERE entry.id = $1`,
      [id, JSON.stringify(Array.from({ length: copies! }, (_, at) => at))],
    );
  }
  if (engine === "postgres") await database.query("ANALYZE entry");
}

/** Lines of the plan that are about the table itself, or an index that all of its rows are in. */
async function wideReads({ database }: World, engine: string, text: string, parameters: readonly unknown[]) {
  if (engine === "sqlite") {
    const rows = await database.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, [...parameters]);
    return rows.map(({ detail }) => detail).filter((line) => WIDE_ON_SQLITE.test(line));
  }
  const rows = await database.query<Record<string, string>>(`EXPLAIN ${text}`, [...parameters]);
  return rows.map((row) => row["QUERY PLAN"]!).filter((line) => WIDE_ON_POSTGRES.test(line));
}

const WIDE_ON_SQLITE = /^SCAN (?:entry|e|entry_event)\b(?! USING COVERING INDEX)|INDEX (?:entry_status|entry_asked)\b/;
const WIDE_ON_POSTGRES = /Seq Scan on entry|using (?:entry_status|entry_asked)\b|on (?:entry_status|entry_asked)\b/;

describeOnBothEngines("a second in which nothing is due", (engine) => {
  it("costs nothing more for a long history, or for what is scheduled", async () => {
    const world = await createWorld(engine, { reconcileEvery: 3_600_000, pollFloor: 10 });
    const session = await world.register();
    const ended = await world.submit("b", "look");
    const [looked] = await world.claim(session);
    await world.finish(session, looked!);
    const scheduled = await world.submit("b", "look", { delay: 9_000_000_000 });
    await fill(world, engine.engine, ended.id, scheduled.id);
    await world.submit("a", "work");
    const [running] = await world.claim(session);
    // Repairs, which are rare, are in the first round.
    await world.operations.maintenance.round();
    const statements = listen(world);
    await world.operations.maintenance.round();
    await world.claim(session, { wait: 50 });
    const leases = [{ entry: running!.entry, attempt: running!.attempt }];
    await world.operations.heartbeat(workerToken, session, { state: "ready", leases, wait: 0 }, world.never);
    expect([...statements.keys()].filter((text) => /lease_expires <=|started_at </.test(text))).toHaveLength(3);
    const wide: string[] = [];
    const heard = [...statements];
    for (const [text, parameters] of heard) {
      for (const line of await wideReads(world, engine.engine, text, parameters)) wide.push(`${line}: ${text}`);
    }
    expect(wide).toEqual([]);
  });
});
