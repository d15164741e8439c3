/** Ends of executions as their workers report them; fenced by session and attempt, answered the same when repeated. */
import { WilcoError, type ErrorBody } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { CONNECTION_LOST, type EntryError } from "../domain/entry.ts";
import type { FinishAnswer, FinishItem, FinishRequest } from "../protocol/messages.ts";
import { LIMITS } from "../protocol/schema-parts.ts";
import { takeFirstUpdates } from "./configuration/first-update.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import type { CarriedClaims } from "./carried-claims.ts";
import { addChildren } from "./children.ts";
import { transition } from "./changes.ts";
import { endEntries } from "./end.ts";
import type { End } from "./ends.ts";
import { lockEntries, type LockedEntry } from "./locked.ts";
import { createGroupCommit } from "./group-commit.ts";
import { requeue } from "./lapse.ts";
import { chunksMissing, holds, leaseLost } from "./lease.ts";
import { releaseForcedEntries, requireSession } from "./sessions.ts";

interface Item {
  principal: Principal;
  session: string;
  request: FinishRequest;
}

const MAX_BATCH = 500;

export function createFinish(context: Context, claims: Pick<CarriedClaims, "claimAlong">) {
  const group = createGroupCommit<Item, FinishAnswer>({
    commit: (items) => commit(context, claims, items),
    size: (item) => item.request.finishes.length,
    max: MAX_BATCH,
  });
  return (principal: Principal, session: string, request: FinishRequest) => group.add({ principal, session, request });
}

/** What is to be done about one finish. */
type Decision =
  | { do: "end"; end: End }
  | { do: "requeue"; entry: LockedEntry; countTry: boolean; reason: string }
  | { do: "release"; id: number }
  | { do: "nothing" }
  | { do: "refuse"; error: ErrorBody };

async function commit(
  context: Context,
  claims: Pick<CarriedClaims, "claimAlong">,
  items: Item[],
): Promise<FinishAnswer[]> {
  return transition(context, async (tx, changes) => {
    const [locked] = await Promise.all([
      lockEntries(
        tx,
        items.flatMap((item) => item.request.finishes.map((finish) => finish.entry)),
      ),
      ...items.map(({ principal, session }) => requireSession(tx, principal, session)),
    ]);
    const ends: End[] = [];
    const forced: number[] = [];
    const decided = new Map<number, { finishId: string; outcome: FinishAnswer["finishes"][number] }>();
    const answers: FinishAnswer[] = [];
    for (const { session, request } of items) {
      changes.freed.add(session);
      const outcomes: FinishAnswer["finishes"] = [];
      for (const finish of request.finishes) {
        const before = decided.get(finish.entry);
        if (before) {
          // The repetition may arrive while the first is still on its way: answered as the first is.
          const same = before.finishId === finish.finishId;
          outcomes.push(same ? before.outcome : { error: leaseLost(finish.entry) });
          continue;
        }
        const decision = decide(finish, locked.get(finish.entry), session);
        if (decision.do === "end") ends.push(decision.end);
        if (decision.do === "release") forced.push(decision.id);
        if (decision.do === "requeue") await requeue(tx, [decision.entry], decision, changes);
        if (decision.do === "requeue" || decision.do === "release") {
          // An end stores it by itself; here it is for the repetition, which is to be answered as the first was.
          tx.send("UPDATE entry SET finish_id = $2 WHERE id = $1", [finish.entry, finish.finishId]);
        }
        const outcome = decision.do === "refuse" ? { error: decision.error } : ({ ok: true } as const);
        decided.set(finish.entry, { finishId: finish.finishId, outcome });
        outcomes.push(outcome);
      }
      answers.push({ finishes: outcomes });
    }
    await takeFirstUpdates(context, tx, locked, ends);
    await addChildren(context, tx, locked, ends);
    await endEntries(tx, locked, ends, changes);
    await releaseForcedEntries(tx, forced, changes);
    for (const [index, { principal, session, request }] of items.entries()) {
      if (!request.claim) continue;
      answers[index]!.assignments = await claims.claimAlong(tx, principal, session, request.claim, changes);
    }
    return answers;
  });
}

function decide(finish: FinishItem, entry: LockedEntry | undefined, session: string): Decision {
  if (entry?.finish_id === finish.finishId) return { do: "nothing" };
  if (entry?.forced === 1 && entry.worker_session === session && entry.attempt === finish.attempt) {
    return { do: "release", id: entry.id };
  }
  if (!holds(entry, session, finish.attempt)) return { do: "refuse", error: leaseLost(finish.entry) };
  if (finish.lastChunk > entry.last_chunk) {
    return { do: "refuse", error: chunksMissing(entry.id, entry.last_chunk).toBody() };
  }
  const end = (status: End["status"], error: EntryError | null, result: Json | null = null): Decision => ({
    do: "end",
    end: { id: entry.id, status, error, result, finishId: finish.finishId },
  });
  switch (finish.status) {
    case "succeeded": {
      const result = (finish.result ?? null) as Json;
      const size = JSON.stringify(result).length;
      if (size > LIMITS.result) return { do: "refuse", error: tooLarge(entry.id, size) };
      // Also while canceling: the work was done before the signal reached it, and that is what happened.
      return end("succeeded", null, result);
    }
    case "released":
      if (entry.status === "canceling")
        return end("canceled", errorOf(finish, "canceled", "Canceled before it started"));
      return { do: "requeue", entry, countTry: false, reason: "handed back unstarted by its worker" };
    case "canceled":
      if (entry.status === "canceling") return end("canceled", canceledBy(entry));
      if (entry.on_lost === "requeue" && entry.tries < entry.max_attempts) {
        return { do: "requeue", entry, countTry: true, reason: "its worker stopped" };
      }
      return end(
        "failed",
        errorOf(finish, "worker_stopped", "Its worker was stopped and aborted the operation", "system"),
      );
    case "timed_out":
      return end("timed_out", errorOf(finish, "timeout", "The operation ran into its timeout"));
    case "failed":
      if (
        wasCutOff(finish) &&
        entry.status === "running" &&
        entry.on_lost === "requeue" &&
        entry.tries < entry.max_attempts
      ) {
        return { do: "requeue", entry, countTry: true, reason: "the connection to what it worked on was lost" };
      }
      return end("failed", errorOf(finish, "failed", "The operation failed without saying why"));
  }
}

/** The worker lives, but lost what it worked on: for the work that is as if its worker had died. */
function wasCutOff({ error }: FinishItem): boolean {
  return error?.code === CONNECTION_LOST && error.source === "system";
}

function canceledBy(entry: LockedEntry): EntryError {
  const reason = entry.cancel_reason ? `: ${entry.cancel_reason}` : "";
  return { code: "canceled", message: `Canceled by ${entry.cancel_by ?? "the server"}${reason}`, source: "operation" };
}

/** The worker's own error, made storable: PostgreSQL has no NUL in texts. */
function errorOf(
  finish: FinishItem,
  code: string,
  message: string,
  source: EntryError["source"] = "operation",
): EntryError {
  if (!finish.error || source === "system") return { code, message, source };
  return { ...finish.error, message: finish.error.message.replaceAll("\u0000", "\uFFFD") } as EntryError;
}

function tooLarge(entry: number, size: number): ErrorBody {
  return new WilcoError({
    code: "too_large",
    message: `The result of entry ${entry} is ${size} bytes, the limit is ${LIMITS.result}`,
    hint: "Write large data as output or to a file.",
  }).toBody();
}
