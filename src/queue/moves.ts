/** What happened to entries in a transaction, told after it: for the log, the metrics, the rates and the spans. */
import type { Logger } from "pino";
import type { EntryRow } from "../database/tables.ts";
import type { Status } from "../domain/status.ts";

export interface Move {
  /** "put": filed; "claimed": handed to a worker; "requeued": taken back from one; "silent": its worker is; "ended". */
  what: "put" | "claimed" | "requeued" | "silent" | "ended";
  entry: number;
  /** The request that it belongs to in the end; its own id when there is none. */
  root: number;
  status: Status;
  route: string;
  priority: number;
  attempt: number;
  worker: string | null;
  /** By the database's clock, ms. */
  at: number;
  /** ms from becoming queued to the claim; null before it. */
  waited: number | null;
  /** ms from the claim until now; null before it. */
  ran: number | null;
  /** "web-1 restart" */
  subject: string;
  /** W3C traceparent that it was submitted with. */
  trace: string | null;
  /** Why it was requeued or is silent. */
  reason?: string;
}

/** The columns that a move is made of. */
export type MovedRow = Pick<
  EntryRow,
  | "id"
  | "root"
  | "route"
  | "priority"
  | "attempt"
  | "worker_name"
  | "queued_at"
  | "started_at"
  | "trace"
  | "resource_name"
  | "operation"
  | "kind"
>;

export function moveOf(what: Move["what"], row: MovedRow, status: Status, at: number, reason?: string): Move {
  const started = what === "put" ? null : row.started_at;
  return {
    what,
    entry: row.id,
    root: row.root ?? row.id,
    status,
    route: row.route,
    priority: row.priority,
    attempt: row.attempt,
    worker: row.worker_name,
    at,
    waited: started === null || row.queued_at === null ? null : Math.max(0, started - row.queued_at),
    ran: started === null || what === "claimed" ? null : Math.max(0, at - started),
    subject: [row.resource_name ?? [], row.operation ?? row.kind].flat().join(" "),
    trace: row.trace,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The trace lines of the server's log. What is ordinary is said at level debug: there can be thousands a second. */
export function logMove(log: Logger, move: Move): void {
  const level =
    move.what === "silent" || move.what === "requeued" ? "warn" : move.status === "lost" ? "error" : "debug";
  if (!log.isLevelEnabled(level)) return;
  const { what, entry, root, status, route, priority, attempt, worker, waited, ran, reason } = move;
  log[level](
    {
      entry,
      root,
      route,
      priority,
      attempt,
      ...(worker === null ? {} : { worker }),
      ...(waited === null ? {} : { waited }),
      ...(ran === null ? {} : { ran }),
      ...(what === "put" || what === "ended" ? { status } : {}),
      ...(reason === undefined ? {} : { reason }),
    },
    what === "ended" && status === "lost" ? "lost" : what,
  );
}
