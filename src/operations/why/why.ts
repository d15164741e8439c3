/** `why`: the first condition that holds an entry back, and what would free it. Reads only, along indexes. */
import { isTerminal } from "../../domain/status.ts";
import type { Why } from "../../domain/why.ts";
import { unknownEntry } from "../../audit/read.ts";
import type { Context } from "../context.ts";
import { whyBlocked } from "./blocked.ts";
import { since, iso, readLookedAt, why, type Look, type LookedAt } from "./look.ts";
import { whyQueued } from "./queued.ts";
import { whyRunning } from "./running.ts";

/** Entries of a chain ("waits for 12, which waits for 9 …") that are explained. */
const MAX_CHAIN = 5;

/**
 * @param isAsking whether a claim of the session is held open by this server.
 * @throws WilcoError `unknown_entry`.
 */
export async function explainEntry(context: Context, isAsking: (session: string) => boolean, id: number): Promise<Why> {
  const { database, settings } = context;
  const now = await database.transaction(async (tx) => tx.now());
  const explain = async (entry: number, left: number): Promise<Why | null> => {
    const row = await readLookedAt(database, entry);
    if (!row) return null;
    const next = (other: number) => (left > 1 ? explain(other, left - 1) : Promise.resolve(null));
    return explainRow({ sql: database, settings, now, isAsking, explain: next }, row);
  };
  const found = await explain(id, MAX_CHAIN);
  if (!found) throw unknownEntry(id);
  return found;
}

async function explainRow(look: Look, entry: LookedAt): Promise<Why> {
  if (isTerminal(entry.status)) return ended(look, entry);
  switch (entry.status) {
    case "scheduled":
      return notDue(look, entry);
    case "blocked":
      return whyBlocked(look, entry);
    case "queued":
      return whyQueued(look, entry);
    default:
      return whyRunning(look, entry);
  }
}

function ended(look: Look, entry: LookedAt): Why {
  const error = entry.error === null ? null : (JSON.parse(entry.error) as { message: string; hint?: string });
  const reason = error === null ? "" : `: ${error.message}`;
  return why(entry, "ended", `It ended as ${entry.status} ${since(look, entry.finished_at)} ago${reason}`, {
    hint: error?.hint ?? null,
    commands: entry.status === "succeeded" ? [] : [`wilco entry show ${entry.id}`, `wilco entry retry ${entry.id}`],
    details: { finishedAt: iso(entry.finished_at!) },
  });
}

function notDue(look: Look, entry: LookedAt): Why {
  const due = entry.deliver_at!;
  const details = { deliverAt: iso(due), dueIn: Math.max(0, due - look.now) };
  if (due > look.now) {
    return why(entry, "not_due", `It is not due before ${iso(due)}, in ${since({ now: due }, look.now)}`, {
      hint: "To start it now, cancel it and file the call again without a time.",
      commands: [`wilco entry cancel ${entry.id}`],
      details,
    });
  }
  return why(entry, "due", `It has been due for ${since(look, due)}, and the maintenance of a server moves it now`, {
    hint: "If it stays so, no server does its maintenance: look at its log and at what doctor says.",
    commands: ["wilco doctor"],
    details,
  });
}
