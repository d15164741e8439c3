/** `wilco tokens create`, `bootstrap`, `list` and `revoke` */
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import { requireName } from "../../domain/route.ts";
import type { Token, TokenInput, TokenRole } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { databaseUrlOf } from "../database-url.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";

export interface CreateTokenFlags {
  role: string;
  zone?: string[];
  workerRole?: string[];
  expiresIn?: string;
}

const ROLES: readonly TokenRole[] = ["viewer", "operator", "worker", "admin"];

export async function createToken(context: Context, name: string, flags: CreateTokenFlags): Promise<number> {
  const role = ROLES.find((one) => one === flags.role);
  if (!role) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${JSON.stringify(flags.role)} is not a token's role`,
      hint: suggestion(flags.role, ROLES, "roles"),
    });
  }
  if (role !== "worker" && (flags.zone ?? flags.workerRole)) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--zone and --worker-role are for worker tokens",
      hint: "Leave them out, or write --role worker.",
    });
  }
  const input: TokenInput = {
    name,
    role,
    ...(flags.zone ? { zones: flags.zone } : {}),
    ...(flags.workerRole ? { roles: flags.workerRole } : {}),
    ...(flags.expiresIn === undefined ? {} : { expiresIn: parseDuration(flags.expiresIn, "--expires-in") }),
  };
  const { api } = await openRemote(context);
  const created = await api.createToken(input);
  // The secret alone on stdout: `wilco tokens create ci --role operator > ci.token`.
  await printDocument(context.output, created, () => `${created.token}\n`);
  context.output.notice(`Token ${created.name} (${created.role}) is made. It is shown this once only.`);
  return EXIT.succeeded;
}

export interface BootstrapTokenFlags {
  databaseUrl?: string;
}

/** Straight into a cluster's database: before the first admin token there is nobody whom its servers would let in. */
export async function bootstrapToken(context: Context, name: string, flags: BootstrapTokenFlags): Promise<number> {
  requireName(name, "token name");
  const url = databaseUrlOf(context.env, flags.databaseUrl);
  if (url === undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: "Which database is not said",
      hint: "Set WILCO_DATABASE_URL or give --database-url postgres://…; a local server has its admin token already.",
    });
  }
  const { openDatabase } = await import("../../database/database.ts");
  const { createTokens } = await import("../../access/tokens.ts");
  const database = await openDatabase({ url });
  try {
    const created = await createTokens({ database }).bootstrap(name);
    await printDocument(context.output, created, () => `${created.token}\n`);
    context.output.notice(`Token ${created.name} (${created.role}) is made. It is shown this once only.`);
  } finally {
    await database.close();
  }
  return EXIT.succeeded;
}

export async function listTokens(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.tokens();
  await printList(context.output, items, tokenColumns(context.output.utc, items), "There are no tokens.");
  return EXIT.succeeded;
}

export async function revokeToken(context: Context, name: string): Promise<number> {
  const { api } = await openRemote(context);
  await api.revokeToken(name);
  context.output.notice(`Token ${name} is revoked.`);
  return EXIT.succeeded;
}

function tokenColumns(utc: boolean, tokens: readonly Token[]): Array<Column<Token>> {
  const bound = tokens.some((token) => token.roles !== null);
  return [
    { title: "name", cell: (token) => token.name, least: 12 },
    { title: "role", cell: (token) => token.role, least: Infinity },
    { title: "state", cell: (token) => stateOf(token), least: Infinity },
    { title: "zones", cell: (token) => token.zones?.join(",") ?? "all", spare: 1 },
    ...(bound ? [{ title: "worker roles", cell: ({ roles }: Token) => roles?.join(",") ?? "all", spare: 1 }] : []),
    { title: "by", cell: (token) => token.createdBy, spare: 5 },
    { title: "created", cell: (token) => formatTime(token.createdAt, utc), least: Infinity, spare: 4 },
    { title: "expires", cell: (token) => formatTime(token.expiresAt, utc), least: Infinity, spare: 2 },
    { title: "last used", cell: (token) => formatTime(token.lastUsedAt, utc), least: Infinity, spare: 3 },
  ];
}

function stateOf(token: Token): string {
  if (token.revokedAt !== null) return "revoked";
  return token.expiresAt !== null && Date.parse(token.expiresAt) <= Date.now() ? "expired" : "live";
}
