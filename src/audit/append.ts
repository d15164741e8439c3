/**
 * Appends events. Their numbers come from `last_event` of the entry, raised in the same transaction under the entry's
 * row lock: numbers without gaps. (A cursor on one global counter loses a row when two transactions commit out of order.)
 */
import type { JsonObject } from "../core/json.ts";
import type { Transaction } from "../database/database.ts";
import type { EventType } from "../domain/entry.ts";

export interface NewEvent {
  entry: number;
  seq: number;
  at: number;
  type: EventType;
  attempt: number;
  data: JsonObject;
}

export interface NewOutput extends NewEvent {
  output: Uint8Array;
}

const EVENT_COLUMNS = { entry: "int", seq: "int", at: "int", type: "text", attempt: "int", data: "text" } as const;

export function appendEvents(tx: Transaction, events: readonly NewEvent[]): void {
  if (events.length === 0) return;
  const rows = events.map((event) => ({ ...event, data: JSON.stringify(event.data) }));
  tx.send(
    `INSERT INTO entry_event (entry, seq, at, type, attempt, data)
     SELECT entry, seq, at, type, attempt, data FROM ${tx.dialect.writtenRows("v", EVENT_COLUMNS, "$1")}`,
    [tx.dialect.writeRows(rows)],
  );
}

/** Rows a statement, so that there are three texts to prepare and not one for each count. */
const OUTPUT_ROWS = [64, 8, 1] as const;

/** Appends events that carry bytes: placeholders, not JSON, which would have to encode them. */
export function appendOutput(tx: Transaction, events: readonly NewOutput[]): void {
  let at = 0;
  for (const size of OUTPUT_ROWS) {
    for (; events.length - at >= size; at += size) {
      const parameters: unknown[] = [];
      for (const event of events.slice(at, at + size)) {
        const { entry, seq, at: time, type, attempt, data, output } = event;
        parameters.push(entry, seq, time, type, attempt, JSON.stringify(data), output);
      }
      tx.send(outputInsert(size), parameters);
    }
  }
}

function outputInsert(rows: number): string {
  const row = (index: number) =>
    `(${Array.from({ length: 7 }, (_, column) => `$${index * 7 + column + 1}`).join(", ")})`;
  const values = Array.from({ length: rows }, (_, index) => row(index)).join(", ");
  return `INSERT INTO entry_event (entry, seq, at, type, attempt, data, output) VALUES ${values}`;
}
