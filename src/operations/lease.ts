/** The fence of every worker's write: session and attempt, not the status alone. */
import { WilcoError, type ErrorBody } from "../core/errors.ts";
import type { LockedEntry } from "./locked.ts";

export function holds(entry: LockedEntry | undefined, session: string, attempt: number): entry is LockedEntry {
  return (
    entry !== undefined &&
    entry.worker_session === session &&
    entry.attempt === attempt &&
    (entry.status === "running" || entry.status === "canceling")
  );
}

export function leaseLost(entry: number): ErrorBody {
  return new WilcoError({
    code: "lease_lost",
    message: `The lease on entry ${entry} is not this session's any more; nothing was written`,
    hint: "Stop the work.",
  }).toBody();
}

export function chunksMissing(entry: number, last: number): WilcoError {
  return new WilcoError({
    code: "chunks_missing",
    message: `Output of entry ${entry} is missing after chunk ${last}`,
    hint: "Send the chunks from there on again.",
    details: { lastChunk: last },
  });
}
