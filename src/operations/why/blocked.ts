/** Entries that wait for another entry. */
import type { Why } from "../../domain/why.ts";
import { listing, nameOf, why, type Look, type LookedAt } from "./look.ts";

/** Dependencies that are named; the first one is explained. */
const SHOWN = 6;

export async function whyBlocked(look: Look, entry: LookedAt): Promise<Why> {
  const open = await look.sql.query<
    Pick<LookedAt, "id" | "status" | "resource_name" | "operation" | "kind"> & {
      condition: string;
    }
  >(
    `SELECT n.id, n.status, n.resource_name, n.operation, n.kind, d.condition
     FROM entry_dependency d JOIN entry n ON n.id = d.needs
     WHERE d.entry = $1 AND n.finished_at IS NULL ORDER BY n.id LIMIT $2`,
    [entry.id, SHOWN],
  );
  const [first] = open;
  if (!first) return blockedByNothing(entry);
  const names = open.map((one) => `${nameOf(one)}, which is ${one.status}`);
  const end = first.condition === "any" ? "end" : first.condition;
  return why(entry, "blocked", `It is to run after the ${end} of ${listing(names)}`, {
    hint: `It runs when that has come, and is canceled when it can't come any more.`,
    commands: [`wilco entry why ${first.id}`, `wilco entry cancel ${first.id}`],
    details: { waitsFor: open.map((one) => one.id) },
    because: await look.explain(first.id),
  });
}

function blockedByNothing(entry: LookedAt): Why {
  if (entry.parent !== null) {
    return why(entry, "blocked", `It waits for its turn among the tasks of request ${entry.parent}`, {
      hint: "It is released when one of the tasks before it has ended.",
      commands: [`wilco entry why ${entry.parent}`],
      details: { parent: entry.parent },
    });
  }
  return why(entry, "blocked", "Everything that it waited for has ended, and it is to be released", {
    hint: "A server repairs that within a minute; if it stays so, look at what doctor says.",
    commands: ["wilco doctor"],
  });
}
