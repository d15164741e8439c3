/** What must be true afterwards, by three witnesses: the database, the handlers' own journals, and what the client was told. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "../../src/database/database.ts";
import { isTerminal, type Status } from "../../src/domain/status.ts";
import type { Call, Load } from "./load.ts";

export interface Runs {
  starts: number;
  ends: number;
}

interface Row {
  id: number;
  status: Status;
  attempt: number;
  operation: string;
  error: string | null;
}

/** Everything that is wrong, in words; empty when nothing is. */
export async function findProblems(database: Database, journal: string, load: Load): Promise<string[]> {
  const runs = await readJournal(journal);
  const rows = await database.query<Row>("SELECT id, status, attempt, operation, error FROM entry ORDER BY id");
  const output = await readOutput(database);
  const problems = await findUnsound(database);
  if (rows.length !== load.calls.size) problems.push(`${load.calls.size} calls were filed as ${rows.length} entries`);
  for (const row of rows) {
    const call = load.calls.get(row.id);
    if (!call) {
      problems.push(`entry ${row.id} was filed by nobody`);
      continue;
    }
    const wrong = wrongWith(row, call, runs.get(row.id) ?? { starts: 0, ends: 0 }, load.told.get(row.id));
    if (wrong !== undefined) problems.push(`entry ${row.id} (${row.operation}, ${row.status}): ${wrong}`);
    else if (row.status === "succeeded" && output.get(`${row.id}/${row.attempt}`) !== expectedOutput(call)) {
      problems.push(`entry ${row.id}: its output is not what it wrote`);
    }
  }
  return problems;
}

function wrongWith(row: Row, call: Call, { starts, ends }: Runs, told: Status | undefined): string | undefined {
  if (!isTerminal(row.status)) return "it has not ended";
  if (told !== row.status) return `the client was told ${told}`;
  if (call.operation === "once") {
    if (starts > 1) return `it may not be repeated and was started ${starts} times`;
    if (row.status === "lost") return undefined;
    if (row.status !== "succeeded") return `it may only succeed or be lost: ${row.error}`;
    return starts === 1 && ends === 1 ? undefined : `its journal has ${starts} starts and ${ends} ends`;
  }
  if (row.status !== "succeeded") return `it may be repeated and has not succeeded: ${row.error}`;
  return starts >= 1 && ends >= 1 ? undefined : `its journal has ${starts} starts and ${ends} ends`;
}

function expectedOutput({ id, lines }: Call): string | undefined {
  if (lines === 0) return undefined;
  return Array.from({ length: lines }, (_, index) => `${id} line ${index + 1}\n`).join("");
}

/** Rows that must not be, and disagreements between them. */
async function findUnsound(database: Database): Promise<string[]> {
  const checks: Record<string, string> = {
    "its events have a gap": `SELECT e.id FROM entry e LEFT JOIN (
        SELECT entry, count(*) AS events, max(seq) AS last FROM entry_event GROUP BY entry) v ON v.entry = e.id
      WHERE e.last_event <> coalesce(v.events, 0) OR e.last_event <> coalesce(v.last, 0)`,
    "its last event is not its end": `SELECT e.id FROM entry e JOIN entry_event v ON v.entry = e.id AND v.seq = e.last_event
      WHERE (e.finished_at IS NOT NULL) <> (v.type = 'finished')`,
    "it has more than one end": `SELECT entry AS id FROM entry_event WHERE type = 'finished' GROUP BY entry HAVING count(*) > 1`,
    "it has a lease and does not run":
      "SELECT id FROM entry WHERE lease_expires IS NOT NULL AND finished_at IS NOT NULL",
    "a lease is left": "SELECT id FROM entry WHERE lease_expires IS NOT NULL",
    "it holds its resource and has ended": "SELECT id FROM entry WHERE head = 1 AND finished_at IS NOT NULL",
    "it is queued on a resource without a head": `SELECT id FROM entry e WHERE status = 'queued' AND exclusive = 1
      AND NOT EXISTS (SELECT 1 FROM entry h WHERE h.resource = e.resource AND h.head = 1)`,
  };
  const problems: string[] = [];
  for (const [what, text] of Object.entries(checks)) {
    for (const row of await database.query<{ id: number }>(text)) problems.push(`entry ${row.id}: ${what}`);
  }
  return problems;
}

async function readJournal(folder: string): Promise<Map<number, Runs>> {
  const runs = new Map<number, Runs>();
  for (const file of await readdir(folder)) {
    const text = await readFile(join(folder, file), "utf8");
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const { what, entry } = JSON.parse(line) as { what: "start" | "end"; entry: number };
      const known = runs.get(entry) ?? { starts: 0, ends: 0 };
      known[what === "start" ? "starts" : "ends"]++;
      runs.set(entry, known);
    }
  }
  return runs;
}

/** By entry and attempt. */
async function readOutput(database: Database): Promise<Map<string, string>> {
  const rows = await database.query<{ entry: number; attempt: number; output: Uint8Array }>(
    "SELECT entry, attempt, output FROM entry_event WHERE output IS NOT NULL ORDER BY entry, seq",
  );
  const output = new Map<string, string>();
  for (const row of rows) {
    const key = `${row.entry}/${row.attempt}`;
    output.set(key, (output.get(key) ?? "") + Buffer.from(row.output).toString("utf8"));
  }
  return output;
}
