/**
 * The secrets of scripts that run on the server. One is made for each answer that hands a script to a worker, is good
 * while that attempt of that entry runs, and acts in the name of who asked for the script: never for more than an
 * operator may, and only while a token of that name is live that could file the script now.
 */
import { WilcoError } from "../core/errors.ts";
import { randomSecret, sha256 } from "../core/ids.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { ScriptParameters } from "../domain/script.ts";
import type { Principal } from "./principal.ts";

export const SCRIPT_TOKEN_PREFIX = "wilco_script_";

/** The caller's transaction is the one that hands the script out. */
export function createScriptToken(tx: Transaction, entry: number, attempt: number): string {
  const secret = `${SCRIPT_TOKEN_PREFIX}${randomSecret()}`;
  // Those of earlier attempts are dead already; this keeps the table at a row or two a script.
  tx.send("DELETE FROM script_token WHERE entry = $1 AND attempt < $2", [entry, attempt]);
  tx.send("INSERT INTO script_token (hash, entry, attempt, created_at) VALUES ($1, $2, $3, $4)", [
    sha256(secret),
    entry,
    attempt,
    tx.now(),
  ]);
  return secret;
}

interface Row {
  id: number;
  root: number | null;
  requested_by: string;
  parameters: string;
}

/**
 * Looks each time: a script asks seldom, and its secret must be worth nothing once it has ended.
 * @throws WilcoError `unauthenticated`.
 */
export async function verifyScriptToken(database: Database, secret: string): Promise<Principal> {
  // Outside a transaction first, as for other tokens: guessed secrets must not queue for the one writer.
  const [row] = await database.query<Row>(
    `SELECT e.id, e.root, e.requested_by, e.parameters FROM script_token s JOIN entry e ON e.id = s.entry
     WHERE s.hash = $1 AND e.attempt = s.attempt AND e.status IN ('running', 'canceling')`,
    [sha256(secret)],
  );
  if (!row) {
    throw new WilcoError({
      code: "unauthenticated",
      message: "The script that this token was made for does not run any more",
      hint: "A script's token ends with it.",
    });
  }
  const mayFile = await database.transaction((tx) =>
    tx.query(
      `SELECT id FROM token WHERE name = $1 AND role IN ('operator', 'admin') AND revoked_at IS NULL
       AND (expires_at IS NULL OR expires_at > $2)`,
      [row.requested_by, tx.now()],
    ),
  );
  if (mayFile.length === 0) {
    throw new WilcoError({
      code: "unauthenticated",
      message: `The token "${row.requested_by}", which asked for the script, was revoked or has expired`,
      hint: "A script has the rights of who asked for it: run it again with a token that is live.",
    });
  }
  const { permissions } = JSON.parse(row.parameters) as ScriptParameters;
  const { operations, resources } = permissions;
  return {
    name: row.requested_by,
    // Not more, whoever asked: a script has no business with tokens, types and the inventory.
    role: "operator",
    zones: null,
    roles: null,
    script: { entry: row.id, root: row.root ?? row.id, operations, resources },
  };
}
