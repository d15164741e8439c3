/**
 * Tokens: who may talk to the server, and as what. The secret is shown once and stored as its SHA-256: with 256 random
 * bits there is nothing to guess, so a slow password hash would only slow down every request.
 */
import { WilcoError } from "../core/errors.ts";
import { randomSecret, sha256 } from "../core/ids.ts";
import { suggestion } from "../core/suggest.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { Token, TokenCreated, TokenInput } from "../protocol/messages.ts";
import type { Principal } from "./principal.ts";
import { SCRIPT_TOKEN_PREFIX, verifyScriptToken } from "./script-tokens.ts";
import { createVerifier } from "./verifier.ts";

export interface Tokens {
  /**
   * @param createdBy name of the token that asks.
   * @throws WilcoError `conflict` when a live token has the name; `invalid_request` for zones or roles on a token that is not a worker's.
   */
  create(createdBy: string, input: TokenInput): Promise<TokenCreated>;
  /** Live ones first, then revoked and expired ones, newest first. */
  list(): Promise<Token[]>;
  /**
   * Ends a token: in this process at once, in others of a cluster within 5 s.
   * @throws WilcoError `unknown_token` with the nearest name; `conflict` for the last live admin token.
   */
  revoke(name: string): Promise<Token>;
  /** Who the secret belongs to; without a promise while it is known. @throws WilcoError `unauthenticated`. */
  verify(secret: string): Principal | Promise<Principal>;
  /** A cluster's first admin token. @throws WilcoError `conflict` when a live admin token exists. */
  bootstrap(name: string): Promise<TokenCreated>;
}

interface TokenRow {
  id: number;
  name: string;
  role: Token["role"];
  zones: string | null;
  roles: string | null;
  created_by: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

const COLUMNS = "id, name, role, zones, roles, created_by, created_at, expires_at, revoked_at, last_used_at";
/** Told from other systems' secrets at a glance, and found by secret scanners. */
const PREFIX = "wilco_";
const MAX_LISTED = 1_000;

export function createTokens({ database }: { database: Database }): Tokens {
  const verifier = createVerifier({ database });
  return {
    verify: (secret) =>
      secret.startsWith(SCRIPT_TOKEN_PREFIX) ? verifyScriptToken(database, secret) : verifier.verify(secret),
    create: (createdBy, input) => database.transaction((tx) => createToken(tx, createdBy, input)),
    async list() {
      const rows = await database.query<TokenRow>(
        `SELECT ${COLUMNS} FROM token ORDER BY (CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END), id DESC LIMIT ${MAX_LISTED}`,
      );
      return rows.map(tokenOf);
    },
    async revoke(name) {
      try {
        return await database.transaction((tx) => revokeToken(tx, name));
      } finally {
        verifier.forget();
      }
    },
    bootstrap: (name) =>
      database.transaction(async (tx) => {
        await lockTokens(tx);
        const [admin] = await liveAdmins(tx);
        if (admin) {
          throw new WilcoError({
            code: "conflict",
            message: `There is an admin token already: "${admin.name}"`,
            hint: "Use it to create others: wilco tokens create NAME --role admin",
          });
        }
        return createToken(tx, "bootstrap", { name, role: "admin" });
      }),
  };
}

/** In a transaction of the caller's. An expired token gives up its name. */
export async function createToken(tx: Transaction, createdBy: string, input: TokenInput): Promise<TokenCreated> {
  if (input.role !== "worker" && (input.zones !== undefined || input.roles !== undefined)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `A token of role ${input.role} has no zones or roles`,
      hint: "Leave them out, or make it a worker token.",
    });
  }
  await lockTokens(tx);
  const now = tx.now();
  await tx.query(
    "UPDATE token SET revoked_at = expires_at WHERE name = $1 AND revoked_at IS NULL AND expires_at <= $2",
    [input.name, now],
  );
  const secret = `${PREFIX}${randomSecret()}`;
  const expires = input.expiresIn === undefined ? null : now + input.expiresIn;
  const [row] = await tx.query<TokenRow>(
    `INSERT INTO token (name, role, hash, zones, roles, created_by, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    [
      input.name,
      input.role,
      sha256(secret),
      input.zones ? JSON.stringify(input.zones) : null,
      input.roles ? JSON.stringify(input.roles) : null,
      createdBy,
      now,
      expires,
    ],
  );
  if (!row) {
    throw new WilcoError({
      code: "conflict",
      message: `There is a token "${input.name}" already`,
      hint: `Choose another name, or revoke it first: wilco tokens revoke ${input.name}`,
    });
  }
  return { ...tokenOf(row), token: secret };
}

async function revokeToken(tx: Transaction, name: string): Promise<Token> {
  await lockTokens(tx);
  const [row] = await tx.query<TokenRow>(`SELECT ${COLUMNS} FROM token WHERE name = $1 AND revoked_at IS NULL`, [name]);
  if (!row) {
    const live = await tx.query<{ name: string }>(
      `SELECT name FROM token WHERE revoked_at IS NULL ORDER BY id DESC LIMIT ${MAX_LISTED}`,
    );
    throw new WilcoError({
      code: "unknown_token",
      message: `There is no live token ${JSON.stringify(name)}`,
      hint: suggestion(
        name,
        live.map((token) => token.name),
        "Live tokens",
      ),
    });
  }
  const admins = await liveAdmins(tx);
  if (admins.length === 1 && admins[0]!.name === name) {
    throw new WilcoError({
      code: "conflict",
      message: `"${name}" is the last admin token; without it nobody could create another`,
      hint: "Create the one that takes its place first: wilco tokens create NAME --role admin",
    });
  }
  const now = tx.now();
  await tx.query("UPDATE token SET revoked_at = $1 WHERE id = $2", [now, row.id]);
  return tokenOf({ ...row, revoked_at: now });
}

async function liveAdmins(tx: Transaction): Promise<Array<{ name: string }>> {
  return tx.query<{ name: string }>(
    "SELECT name FROM token WHERE role = 'admin' AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) ORDER BY id",
    [tx.now()],
  );
}

/** One change of tokens at a time: two admins who revoke each other at once must not both succeed. */
async function lockTokens(tx: Transaction): Promise<void> {
  await tx.query(
    "INSERT INTO setting (name, value) VALUES ('token.lock', '') ON CONFLICT (name) DO UPDATE SET value = ''",
  );
}

function tokenOf(row: TokenRow): Token {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    zones: row.zones === null ? null : (JSON.parse(row.zones) as string[]),
    roles: row.roles === null ? null : (JSON.parse(row.roles) as string[]),
    createdBy: row.created_by,
    createdAt: time(row.created_at)!,
    expiresAt: time(row.expires_at),
    revokedAt: time(row.revoked_at),
    lastUsedAt: time(row.last_used_at),
  };
}
