/** Looks up who a secret belongs to, with a short memory: a busy worker asks thousands of times a second. */
import { WilcoError } from "../core/errors.ts";
import { sha256 } from "../core/ids.ts";
import type { Database } from "../database/database.ts";
import type { Principal } from "./principal.ts";

export interface Verifier {
  /** @throws WilcoError `unauthenticated`, also as a rejection. */
  verify(secret: string): Principal | Promise<Principal>;
  /** Makes the next `verify` of any secret look again. */
  forget(): void;
}

interface Known {
  principal: Principal;
  /** On `performance.now()`'s clock, which nobody sets back. */
  until: number;
}

interface Row {
  id: number;
  name: string;
  role: Principal["role"];
  zones: string | null;
  roles: string | null;
  expires_at: number | null;
  last_used_at: number | null;
}

/** How long a revocation on another server may take to be seen here, ms. */
const REMEMBERED = 5_000;
/** `last_used_at` says when to the minute; more would be a write for each request. */
const TOUCH_EVERY = 60_000;
const MAX_KNOWN = 10_000;

export function createVerifier({ database }: { database: Database }): Verifier {
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Principal>>();
  let generation = 0;

  async function look(hash: string): Promise<Principal> {
    for (;;) {
      const before = generation;
      const found = await find(database, hash);
      // Revoked while the answer was on its way: it may be from before.
      if (before !== generation) continue;
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(hash, { principal: found.principal, until: performance.now() + Math.min(REMEMBERED, found.liveFor) });
      return found.principal;
    }
  }

  return {
    verify(secret) {
      const hash = sha256(secret);
      const remembered = known.get(hash);
      if (remembered && remembered.until > performance.now()) return remembered.principal;
      // Many requests at once are one look.
      let pending = asking.get(hash);
      if (!pending) {
        pending = look(hash).finally(() => asking.delete(hash));
        asking.set(hash, pending);
      }
      return pending;
    },
    forget() {
      generation++;
      known.clear();
    },
  };
}

async function find(database: Database, hash: string): Promise<{ principal: Principal; liveFor: number }> {
  // Outside a transaction first: on the embedded engine, guessed secrets must not queue for the one writer.
  const [row] = await database.query<Row>(
    "SELECT id, name, role, zones, roles, expires_at, last_used_at FROM token WHERE hash = $1 AND revoked_at IS NULL",
    [hash],
  );
  if (!row) {
    throw new WilcoError({
      code: "unauthenticated",
      message: "The token is not known, or was revoked",
      hint: "Ask an administrator for a new one, or run: wilco login",
    });
  }
  const now = await database.transaction(async (tx) => tx.now());
  if (row.expires_at !== null && row.expires_at <= now) {
    throw new WilcoError({
      code: "unauthenticated",
      message: `The token "${row.name}" has expired at ${new Date(row.expires_at).toISOString()}`,
      hint: "Ask an administrator for a new one.",
    });
  }
  if (row.last_used_at === null || row.last_used_at <= now - TOUCH_EVERY) await touch(database, row.id, now);
  const list = (text: string | null) => (text === null ? null : (JSON.parse(text) as string[]));
  return {
    principal: { name: row.name, role: row.role, zones: list(row.zones), roles: list(row.roles) },
    liveFor: row.expires_at === null ? Infinity : row.expires_at - now,
  };
}

/** A disk that is full must not lock everybody out, least of all who asks what is wrong: that is not worth it. */
async function touch(database: Database, id: number, now: number): Promise<void> {
  try {
    await database.transaction((tx) =>
      tx.query("UPDATE token SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1)", [
        now,
        id,
      ]),
    );
  } catch (error) {
    if (!(error instanceof WilcoError && error.code === "storage_full")) throw error;
  }
}
