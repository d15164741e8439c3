/** The embedded server's admin token, in a file that only its user can read: where the CLI of that user finds it. */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, WilcoError } from "../core/errors.ts";
import { sha256 } from "../core/ids.ts";
import type { Database } from "../database/database.ts";
import { createToken } from "./tokens.ts";

export const ADMIN_TOKEN_FILE = "admin.token";
export const LOCAL_ADMIN = "local-admin";

/**
 * The secret in `<dataDir>/admin.token` (mode 0600), kept while it is live, otherwise replaced by a new token; the one
 * it replaces is revoked. The directory exists and is held by this process.
 * @throws WilcoError `data_directory_unusable`.
 */
export async function ensureLocalAdminToken(database: Database, dataDir: string): Promise<string> {
  const file = join(dataDir, ADMIN_TOKEN_FILE);
  const stored = readSecret(file);
  return database.transaction(async (tx) => {
    if (stored !== null) {
      const live = await tx.query(
        `SELECT id FROM token WHERE hash = $1 AND role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`,
        [sha256(stored), tx.now()],
      );
      if (live.length > 0) return stored;
    }
    await tx.query("UPDATE token SET revoked_at = $1 WHERE name = $2 AND revoked_at IS NULL", [tx.now(), LOCAL_ADMIN]);
    const { token } = await createToken(tx, "server", { name: LOCAL_ADMIN, role: "admin" });
    // Before the commit: a file whose token was never committed is replaced at the next start; a committed token
    // whose file was not written would be lost.
    writeSecret(file, token);
    return token;
  });
}

function readSecret(file: string): string | null {
  try {
    const secret = readFileSync(file, "utf8").trim();
    chmodSync(file, 0o600);
    return secret === "" ? null : secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw unusable(file, error);
  }
}

function writeSecret(file: string, secret: string): void {
  try {
    // By a rename, so that nobody reads half of it or finds it with another mode.
    rmSync(`${file}.new`, { force: true });
    writeFileSync(`${file}.new`, `${secret}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, cause: unknown): WilcoError {
  return new WilcoError({
    code: "data_directory_unusable",
    message: `The admin token ${file} can't be used: ${messageOf(cause)}`,
    hint: "Make it readable and writable for this user, or delete it: a new one is made at the next start.",
    cause,
  });
}
