/**
 * The key that the secrets of a database are sealed with: one for all its servers. The database knows its id, and a
 * server with another one does not start: it would seal what the others can't open, and open nothing of theirs.
 */
import { WilcoError } from "../core/errors.ts";
import type { Database, Sql, Transaction } from "../database/database.ts";
import type { Sealer } from "./sealer.ts";
import { resealStored } from "./secrets.ts";

/** Of a database that has none yet, this one is from now on. @throws WilcoError `invalid_request` when it is another. */
export async function requireSealingKey(database: Database, { keyId }: Sealer): Promise<void> {
  const known = await keyOf(database);
  const key = known ?? (await database.transaction((tx) => claimKey(tx, keyId)));
  if (key !== keyId) throw anotherKey(key, keyId);
}

/** Of two servers that start at once, the first one decides. */
async function claimKey(tx: Transaction, keyId: string): Promise<string> {
  await tx.query("INSERT INTO sealing_key (single, key_id, since) VALUES (1, $1, $2) ON CONFLICT (single) DO NOTHING", [
    keyId,
    tx.now(),
  ]);
  return (await keyOf(tx)) ?? keyId;
}

async function keyOf(sql: Sql): Promise<string | null> {
  const [row] = await sql.query<{ key_id: string }>("SELECT key_id FROM sealing_key", []);
  return row?.key_id ?? null;
}

/** What was sealed anew, and what was not, because the present key does not open it. */
export interface Rekeyed {
  resealed: number;
  /** In words, such as `secret db-password`: to be set again. */
  left: string[];
}

interface RekeyOptions {
  from: Sealer;
  to: Sealer;
  /** Goes on although something can't be opened, and leaves it as it is. */
  lost: boolean;
}

/**
 * Seals everything with another key, all or nothing; no server may use the database meanwhile.
 * @throws WilcoError `conflict` when one does, `invalid_request` when the present key is not the present one.
 */
export async function rekey(database: Database, { from, to, lost }: RekeyOptions): Promise<Rekeyed> {
  return database.transaction(async (tx) => {
    await refuseBesideServers(tx);
    const known = await keyOf(tx);
    const done: Rekeyed = { resealed: 0, left: [] };
    // Done by an earlier run, which was interrupted afterwards.
    if (known === to.keyId) return done;
    if (known !== null && known !== from.keyId && !lost) throw anotherKey(known, from.keyId);
    await tx.query(
      `INSERT INTO sealing_key (single, key_id, since) VALUES (1, $1, $2)
       ON CONFLICT (single) DO UPDATE SET key_id = $1, since = $2`,
      [to.keyId, tx.now()],
    );
    const again = (sealed: string) => to.seal(from.open(sealed));
    for (const column of COLUMNS) await resealColumn(tx, column, again, done);
    if (done.left.length > 0 && !lost) throw unopened(done.left);
    return done;
  });
}

interface SealedColumn {
  table: string;
  /** Of the rows with something in the column: key columns, and an SQL expression that names the row to a person. */
  keys: readonly string[];
  name: string;
  column: string;
  /** Whole = the column is what was sealed; stored = it is in a document. */
  form: "whole" | "stored";
}

const OF_RESOURCE = "(SELECT name FROM resource r WHERE r.id = t.resource)";
const COLUMNS: readonly SealedColumn[] = [
  { table: "secret", keys: ["name"], name: "'secret ' || t.name", column: "sealed", form: "whole" },
  { table: "resource", keys: ["id"], name: "'resource ' || t.name", column: "connection", form: "stored" },
  {
    table: "resource",
    keys: ["id"],
    name: "'configuration of ' || t.name",
    column: "configuration",
    form: "stored",
  },
  {
    table: "configuration_version",
    keys: ["resource", "version"],
    name: `'version ' || t.version || ' of the configuration of ' || ${OF_RESOURCE}`,
    column: "content",
    form: "stored",
  },
  {
    table: "configuration_change",
    keys: ["entry"],
    name: `'running change of the configuration of ' || ${OF_RESOURCE}`,
    column: "content",
    form: "stored",
  },
  { table: "entry", keys: ["id"], name: "'entry ' || t.id", column: "sealed", form: "whole" },
];

/** Rows read at a time: those of a long history do not fit into memory. */
const BATCH = 1_000;

async function resealColumn(
  tx: Transaction,
  { table, keys, name, column, form }: SealedColumn,
  again: (sealed: string) => string,
  done: Rekeyed,
): Promise<void> {
  const all = keys.map((key) => `t.${key}`).join(", ");
  const after = keys.map((_key, index) => `$${index + 1}`).join(", ");
  const update = `UPDATE ${table} SET ${column} = $1 WHERE ${keys.map((key, index) => `${key} = $${index + 2}`).join(" AND ")}`;
  type Row = { label: string; value: string } & Record<string, string | number>;
  let last: Array<string | number> | null = null;
  for (;;) {
    const rows: Row[] = await tx.query<Row>(
      `SELECT ${all}, t.${column} AS value, ${name} AS label FROM ${table} t
       WHERE t.${column} IS NOT NULL ${last === null ? "" : `AND (${all}) > (${after})`} ORDER BY ${all} LIMIT ${BATCH}`,
      last ?? [],
    );
    for (const row of rows) {
      try {
        const value = form === "whole" ? again(row.value) : resealStored(row.value, again);
        if (value === null) continue;
        tx.send(update, [value, ...keys.map((key) => row[key]!)]);
        done.resealed += 1;
      } catch (error) {
        if (!(error instanceof WilcoError)) throw error;
        done.left.push(row.label);
      }
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length < BATCH) return;
    last = keys.map((key) => end[key]!);
  }
}

async function refuseBesideServers(tx: Transaction): Promise<void> {
  if (tx.dialect.otherConnections === "") return;
  const [row] = await tx.query<{ others: number }>(tx.dialect.otherConnections, []);
  if (row === undefined || row.others === 0) return;
  throw new WilcoError({
    code: "conflict",
    message: `${row.others} other connections of wilco use this database`,
    hint: "Stop all its servers first: they would go on sealing with the old key.",
  });
}

function anotherKey(known: string, given: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `The secrets of this database are sealed with another key (${known}) than this one (${given})`,
    hint: "Give the key that its servers have had: WILCO_SECRET_KEY, --secret-key-file, or secret.key in the data directory. If it is lost: wilco secrets rekey --lost",
    details: { known, given },
  });
}

function unopened(left: readonly string[]): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: `${left.length} of what is sealed can't be opened with the present key: ${someOf(left)}`,
    hint: "Set those again first, or leave them behind with --lost. Nothing was changed.",
    details: { left },
  });
}

/** The first of them, in a sentence. */
export function someOf(left: readonly string[], most = 5): string {
  const more = left.length - most;
  return `${left.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
