/** How a request ends: its status by what its tasks came to, and a result that names every target's outcome. */
import type { Json } from "../core/json.ts";
import type { Transaction } from "../database/database.ts";
import type { EntryError } from "../domain/entry.ts";
import type { RequestResult, TaskOutcome } from "../domain/request.ts";
import type { TerminalStatus } from "../domain/status.ts";
import type { End } from "./ends.ts";
import type { LockedEntry } from "./locked.ts";
import type { RequestRow } from "./tasks.ts";

/** Characters of one task's result and of all of them that a request's result repeats. */
const MAX_RESULT = 4_096;
const MAX_RESULTS = 1_000_000;
const MAX_MESSAGE = 500;

/**
 * `succeeded` when as many tasks succeeded as were asked for; else `canceled` if the cancel was asked of the request;
 * else `failed`.
 */
export async function endOfRequest(tx: Transaction, entry: LockedEntry, request: RequestRow): Promise<End> {
  const result = await resultOfRequest(tx, request.entry);
  const end = { id: request.entry, result: result as unknown as Json };
  const { succeeded, tasks, min_success: wanted } = request;
  if (succeeded >= wanted) return { ...end, status: "succeeded" };
  if (entry.cancel_by !== null) {
    const reason = entry.cancel_reason ? `: ${entry.cancel_reason}` : "";
    const message = `Canceled by ${entry.cancel_by}${reason}; ${succeeded} of ${tasks} targets had succeeded`;
    return { ...end, status: "canceled", error: { code: "canceled", message, source: "operation" } };
  }
  return { ...end, status: "failed", error: tooFew(request, result) };
}

function tooFew({ entry, succeeded, tasks, min_success: wanted }: RequestRow, result: RequestResult): EntryError {
  const others = result.tasks.filter((task) => task.status !== "succeeded");
  const asked = wanted === tasks ? "" : `, and ${wanted} had to`;
  return {
    code: "targets_failed",
    message: `${succeeded} of ${tasks} targets succeeded${asked}`,
    // Whose fault: wilco's only when no target's own work failed.
    source: others.every((task) => task.error?.source === "system") ? "system" : "operation",
    hint: `See each with "wilco history tree ${entry}"; "wilco entry retry ${entry}" repeats those that did not succeed.`,
  };
}

interface TaskRow {
  id: number;
  resource_name: string | null;
  status: TerminalStatus;
  error: string | null;
  result: string | null;
  long: number;
}

/** Of a request all of whose tasks have ended. */
export async function resultOfRequest(tx: Transaction, request: number): Promise<RequestResult & Json> {
  const [asked] = await tx.query<{ min_success: number }>("SELECT min_success FROM request WHERE entry = $1", [
    request,
  ]);
  const rows = await tx.query<TaskRow>(
    `SELECT id, resource_name, status, error, CASE WHEN length(result) <= ${MAX_RESULT} THEN result END AS result,
       CASE WHEN length(result) > ${MAX_RESULT} THEN 1 ELSE 0 END AS long
     FROM entry WHERE parent = $1 ORDER BY id`,
    [request],
  );
  const counts = { succeeded: 0, failed: 0, timed_out: 0, canceled: 0, lost: 0 };
  let left = MAX_RESULTS;
  const tasks = rows.map((row): TaskOutcome => {
    counts[row.status]++;
    const task: TaskOutcome = { entry: row.id, resource: row.resource_name, status: row.status };
    if (row.error !== null) task.error = shortened(JSON.parse(row.error) as EntryError);
    left -= row.result?.length ?? 0;
    if (row.long === 1 || (row.result !== null && left < 0)) task.resultLeftOut = true;
    else if (row.result !== null) task.result = JSON.parse(row.result) as Json;
    return task;
  });
  return {
    total: rows.length,
    minSuccess: asked!.min_success,
    counts,
    tasks,
  } satisfies RequestResult as RequestResult & Json;
}

function shortened({ code, message, source }: EntryError): EntryError {
  return { code, message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message, source };
}
