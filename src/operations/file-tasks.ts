/** Inserts the tasks of requests that were just filed, in the same transaction. */
import { appendEvents } from "../audit/append.ts";
import type { Transaction } from "../database/database.ts";
import { moveOf } from "../queue/moves.ts";
import { announceQueued, type Changes } from "./changes.ts";
import { recordContent } from "./content-use.ts";
import type { RequestFiling } from "./file-request.ts";
import type { Filed, FiledRow, Filing } from "./filing.ts";

export function isRequest(filing: Filing): filing is RequestFiling {
  return "tasks" in filing;
}

const REQUEST_COLUMNS = {
  entry: "int",
  targets: "text",
  asked: "text",
  tasks: "int",
  concurrency: "int",
  min_success: "int",
  halt_on_failure: "int",
  serial: "int",
  worker: "text",
  held: "int",
  open: "int",
} as const;

export interface FiledRequest {
  filing: RequestFiling;
  row: FiledRow;
}

/** @param insert writes filed rows and answers them as inserted. */
export async function fileTasks(
  tx: Transaction,
  requests: readonly FiledRequest[],
  insert: (rows: readonly Filed[]) => Promise<FiledRow[]>,
  changes: Changes,
): Promise<void> {
  if (requests.length === 0) return;
  const windows = requests.map(({ filing, row }) => {
    const open = row.status === "running" ? Math.min(filing.request.concurrency, filing.tasks.length) : 0;
    return { entry: row.id, ...filing.request, tasks: filing.tasks.length, open, held: filing.tasks.length - open };
  });
  const columns = Object.keys(REQUEST_COLUMNS).join(", ");
  tx.send(`INSERT INTO request (${columns}) SELECT ${columns} FROM ${tx.dialect.rows("v", REQUEST_COLUMNS, "$1")}`, [
    JSON.stringify(windows),
  ]);
  const tasks = requests.flatMap(({ filing, row }, at) =>
    filing.tasks.map((task, place) => placed(task.row, row, place < windows[at]!.open)),
  );
  const rows = await insert(tasks);
  const filings = new Map(requests.flatMap(({ filing }) => filing.tasks.map((task) => [task.row.key, task])));
  recordContent(
    tx,
    rows.map((row) => ({ id: row.id, filing: filings.get(row.key)! })),
  );
  appendEvents(
    tx,
    rows.map((row) => ({
      entry: row.id,
      seq: 1,
      at: row.created_at,
      type: "submitted" as const,
      attempt: 0,
      data: { status: row.status, by: row.requested_by, route: row.route, request: row.parent },
    })),
  );
  for (const row of rows) changes.moves.push(moveOf("put", row, row.status, row.created_at));
  announceQueued(
    tx,
    rows.filter((row) => row.status === "queued"),
    changes,
  );
}

/** Within the window a task is queued, beyond it held until a sibling ends. */
function placed(task: Filed, request: FiledRow, open: boolean): Filed {
  const now = request.created_at;
  const expires = now + task.expires_in!;
  const common = { ...task, parent: request.id, root: request.root ?? request.id, expires_at: expires };
  return open ? { ...common, status: "queued", queued_at: now } : { ...common, status: "blocked", held: 1, waits: 1 };
}
