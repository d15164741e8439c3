/** Secrets that people put into the server by name, sealed; scripts and the command line use them by that name. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { Database, Sql } from "../database/database.ts";
import { requireName } from "../domain/route.ts";
import type { SecretValue, StoredSecret } from "../protocol/messages.ts";
import type { Sealer } from "./sealer.ts";

export interface SecretStore {
  /** Adds it, or replaces its value. @throws WilcoError `invalid_request` for a name that is none. */
  set(by: string, name: string, value: string): Promise<StoredSecret>;
  /** By name, without values. */
  list(): Promise<StoredSecret[]>;
  /** @throws WilcoError `unknown_secret` with the nearest name. */
  remove(name: string): Promise<void>;
  /** @throws WilcoError `unknown_secret` with the nearest name. */
  reveal(name: string): Promise<SecretValue>;
  /** Values by name, for a submit in its transaction; names that there are not are missing. */
  values(sql: Sql, names: readonly string[]): Promise<Map<string, string>>;
  /** What `reveal` throws. */
  unknown(sql: Sql, name: string): Promise<WilcoError>;
  /** Seals and opens what is secret in the parameters of an entry. */
  readonly sealer: Sealer;
}

interface SecretRow {
  name: string;
  sealed: string;
  updated_by: string;
  created_at: number;
  updated_at: number;
}

export function createSecretStore({ database, sealer }: { database: Database; sealer: Sealer }): SecretStore {
  async function unknown(sql: Sql, name: string): Promise<WilcoError> {
    const rows = await sql.query<{ name: string }>("SELECT name FROM secret ORDER BY name", []);
    return new WilcoError({
      code: "unknown_secret",
      message: `There is no secret ${JSON.stringify(name)}`,
      hint:
        suggestion(
          name,
          rows.map((row) => row.name),
          "The store has",
        ) ?? 'Set it with "wilco secrets set NAME", which reads the value from stdin.',
    });
  }

  async function values(sql: Sql, names: readonly string[]): Promise<Map<string, string>> {
    if (names.length === 0) return new Map();
    const rows = await sql.query<SecretRow>(
      `SELECT name, sealed FROM secret WHERE ${sql.dialect.inTexts("name", "$1")}`,
      [JSON.stringify(names)],
    );
    return new Map(rows.map((row) => [row.name, sealer.open(row.sealed)]));
  }

  return {
    sealer,
    values,
    unknown,
    async set(by, name, value) {
      requireName(name, "secret name");
      if (value === "") {
        throw new WilcoError({
          code: "invalid_request",
          message: `The secret ${name} would be empty`,
          hint: "Give its value on stdin.",
        });
      }
      return database.transaction(async (tx) => {
        const now = tx.now();
        const [row] = await tx.query<SecretRow>(
          `INSERT INTO secret (name, sealed, updated_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
           ON CONFLICT (name) DO UPDATE SET sealed = $2, updated_by = $3, updated_at = $4 RETURNING *`,
          [name, sealer.seal(value), by, now],
        );
        return storedSecretOf(row!);
      });
    },
    async list() {
      return (await database.query<SecretRow>("SELECT * FROM secret ORDER BY name", [])).map(storedSecretOf);
    },
    async remove(name) {
      const rows = await database.query("DELETE FROM secret WHERE name = $1 RETURNING name", [name]);
      if (rows.length === 0) throw await unknown(database, name);
    },
    async reveal(name) {
      const value = (await values(database, [name])).get(name);
      if (value === undefined) throw await unknown(database, name);
      return { name, value };
    },
  };
}

function storedSecretOf(row: SecretRow): StoredSecret {
  return {
    name: row.name,
    updatedBy: row.updated_by,
    createdAt: new Date(row.created_at).toISOString(),
    updatedAt: new Date(row.updated_at).toISOString(),
  };
}
