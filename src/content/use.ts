/** What names content: deployments for good, entries until they have ended and for the time of a retry. */
import type { Transaction } from "../database/database.ts";
import { TERMINAL_STATUSES } from "../domain/status.ts";

const ENDED = TERMINAL_STATUSES.map((status) => `'${status}'`).join(", ");

/**
 * Condition: neither a deployment nor an unfinished entry names it. Of a deployment that is also what its entry named
 * besides what was deployed, because a roll-back repeats the whole call.
 */
function unused(sha256: string): string {
  return `NOT EXISTS (SELECT 1 FROM deployment d WHERE d.content = ${sha256})
    AND NOT EXISTS (SELECT 1 FROM entry_content c JOIN deployment d ON d.entry = c.entry WHERE c.content = ${sha256})
    AND NOT EXISTS (SELECT 1 FROM entry_content c JOIN entry e ON e.id = c.entry
      WHERE c.content = ${sha256} AND e.status NOT IN (${ENDED}))`;
}

/** Named in a sentence: at most a few of them. */
const SHOWN = 3;

/** In words; empty = nothing. */
async function users(tx: Transaction, sha256: string): Promise<string[]> {
  const deployments = await tx.query<{ name: string; version: number }>(
    `SELECT r.name, d.version FROM deployment d JOIN resource r ON r.id = d.resource
     WHERE d.content = $1 OR d.entry IN (SELECT entry FROM entry_content WHERE content = $1)
     ORDER BY r.name, d.version DESC LIMIT ${SHOWN}`,
    [sha256],
  );
  const entries = await tx.query<{ id: number; status: string }>(
    `SELECT e.id, e.status FROM entry_content c JOIN entry e ON e.id = c.entry
     WHERE c.content = $1 AND e.status NOT IN (${ENDED}) ORDER BY e.id LIMIT ${SHOWN}`,
    [sha256],
  );
  return [
    ...deployments.map(({ name, version }) => `it is version ${version} of ${name}`),
    ...entries.map(({ id, status }) => `entry ${id} (${status}) needs it`),
  ];
}

/** Ended entries keep their parameters and lose their claim on the bytes. */
async function forget(tx: Transaction, sha256: string): Promise<void> {
  await tx.query("DELETE FROM entry_content WHERE content = $1", [sha256]);
}

/** Unused content that is older than `age` ms, and whose last use is, the oldest first. */
async function old(tx: Transaction, age: number, limit: number): Promise<string[]> {
  const before = tx.now() - age;
  const rows = await tx.query<{ sha256: string }>(
    `SELECT sha256 FROM content WHERE created_at <= $1 AND ${unused("content.sha256")}
       AND NOT EXISTS (SELECT 1 FROM entry_content c JOIN entry e ON e.id = c.entry
         WHERE c.content = content.sha256 AND e.finished_at > $1)
     ORDER BY created_at, sha256 LIMIT $2`,
    [before, limit],
  );
  return rows.map(({ sha256 }) => sha256);
}

export const contentUse = { unused, users, forget, old };
