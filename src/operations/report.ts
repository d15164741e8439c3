/** Output and progress of running entries. Chunks are numbered per attempt; what is there already is ignored. */
import { appendEvents, appendOutput, type NewEvent, type NewOutput } from "../audit/append.ts";
import type { ErrorBody } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { OutputChunk, ReportAnswer, ReportItem, ReportRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { transition } from "./changes.ts";
import { lockEntries, type LockedEntry } from "./locked.ts";
import { createGroupCommit } from "./group-commit.ts";
import { chunksMissing, holds, leaseLost } from "./lease.ts";
import { requireSession } from "./sessions.ts";

interface Item {
  principal: Principal;
  session: string;
  request: ReportRequest;
}

type Outcome = ReportAnswer["reports"][number];

/** Bytes of output a transaction: a fsync is shared, and nobody waits long. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024;

export function createReport(context: Context) {
  const group = createGroupCommit<Item, ReportAnswer>({
    commit: (items) => commit(context, items),
    size: (item) => item.request.reports.reduce((sum, report) => sum + bytesOf(report), 0),
    max: MAX_BATCH_BYTES,
  });
  return (principal: Principal, session: string, request: ReportRequest) => group.add({ principal, session, request });
}

function bytesOf(report: ReportItem): number {
  return (report.chunks ?? []).reduce((sum, chunk) => sum + (chunk.text ?? chunk.base64 ?? "").length, 200);
}

interface Update {
  id: number;
  last_chunk: number;
  output_bytes: number;
  last_event: number;
  progress: string | null;
}

const UPDATE_COLUMNS = {
  id: "int",
  last_chunk: "int",
  output_bytes: "int",
  last_event: "int",
  progress: "text",
} as const;

async function commit(context: Context, items: Item[]): Promise<ReportAnswer[]> {
  return transition(context, async (tx, changes) => {
    const [locked] = await Promise.all([
      lockEntries(
        tx,
        items.flatMap((item) => item.request.reports.map((report) => report.entry)),
      ),
      ...items.map(({ principal, session }) => requireSession(tx, principal, session)),
    ]);
    const now = tx.now();
    const updates = new Map<number, Update>();
    const outputs: NewOutput[] = [];
    const events: NewEvent[] = [];
    const answers = items.map(({ session, request }) => ({
      reports: request.reports.map((report): Outcome => {
        const entry = locked.get(report.entry);
        if (!holds(entry, session, report.attempt)) return { error: leaseLost(report.entry) };
        const update = updates.get(entry.id) ?? startOf(entry);
        const problem = take(report, entry, update, now, outputs, events);
        if (problem) return { error: problem };
        updates.set(entry.id, update);
        return { ok: true, lastChunk: update.last_chunk, cancel: entry.status === "canceling" };
      }),
    }));
    tx.send(
      `UPDATE entry SET last_chunk = v.last_chunk, output_bytes = v.output_bytes, last_event = v.last_event,
         progress = coalesce(v.progress, entry.progress), seen_at = $2
       FROM ${tx.dialect.rows("v", UPDATE_COLUMNS, "$1")} WHERE ${tx.dialect.matches("entry.id", "v", "id", "$1")}`,
      [JSON.stringify([...updates.values()]), now],
    );
    appendOutput(tx, outputs);
    appendEvents(tx, events);
    for (const id of updates.keys()) changes.entries.add(id);
    return answers;
  });
}

function startOf(entry: LockedEntry): Update {
  const { id, last_chunk, output_bytes, last_event } = entry;
  return { id, last_chunk, output_bytes, last_event, progress: null };
}

/** Adds what a report brings to the rows to write; returns what is wrong with it. */
function take(
  report: ReportItem,
  entry: LockedEntry,
  update: Update,
  now: number,
  outputs: NewOutput[],
  events: NewEvent[],
): ErrorBody | undefined {
  const next = (type: NewEvent["type"], data: JsonObject): NewEvent => ({
    entry: entry.id,
    seq: ++update.last_event,
    at: now,
    type,
    attempt: entry.attempt,
    data,
  });
  for (const chunk of report.chunks ?? []) {
    if (chunk.number <= update.last_chunk) continue;
    if (chunk.number > update.last_chunk + 1) return chunksMissing(entry.id, update.last_chunk).toBody();
    update.last_chunk = chunk.number;
    if (chunk.dropped !== undefined)
      events.push(next("truncated", { stream: chunk.stream, droppedBytes: chunk.dropped }));
    else {
      const output = outputOf(chunk);
      update.output_bytes += output.byteLength;
      outputs.push({ ...next("output", { stream: chunk.stream }), output });
    }
  }
  if (report.progress) {
    update.progress = JSON.stringify(report.progress);
    events.push(next("progress", { ...report.progress }));
  }
  return undefined;
}

function outputOf(chunk: OutputChunk): Uint8Array {
  return chunk.base64 === undefined ? Buffer.from(chunk.text ?? "", "utf8") : Buffer.from(chunk.base64, "base64");
}
