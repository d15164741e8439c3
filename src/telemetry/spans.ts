/** The server's spans of an entry: how long it waited for its claim, and its end. */
import type { SpanAttributes, Tracing } from "../core/tracing.ts";
import type { Move } from "../queue/moves.ts";

export function traceMove(tracing: Tracing, move: Move): void {
  if (move.what === "claimed") {
    tracing.begin("claim", move.trace, attributesOf(move), move.at - (move.waited ?? 0)).end({ at: move.at });
  } else if (move.what === "ended") {
    const error = move.status === "succeeded" ? undefined : move.status;
    tracing.begin("finish", move.trace, attributesOf(move), move.at).end({ at: move.at, error });
  }
}

function attributesOf(move: Move): SpanAttributes {
  return {
    "wilco.entry": move.entry,
    "wilco.root": move.root,
    "wilco.subject": move.subject,
    "wilco.route": move.route,
    "wilco.priority": move.priority,
    "wilco.attempt": move.attempt,
    "wilco.status": move.status,
    ...(move.worker === null ? {} : { "wilco.worker": move.worker }),
    ...(move.waited === null ? {} : { "wilco.waited_ms": move.waited }),
    ...(move.ran === null ? {} : { "wilco.ran_ms": move.ran }),
  };
}
