/** Versions of resources: read, and brought back by a deploy of their own. */
import { readEntry } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import { isSameJson } from "../core/json.ts";
import type { Deployment } from "../domain/deployment.ts";
import type { Entry } from "../domain/entry.ts";
import type { Sql } from "../database/database.ts";
import type { EntryRow } from "../database/tables.ts";
import type { DeploymentTable } from "../database/inventory-tables.ts";
import type {
  DeploymentsAnswer,
  DeploymentsQuery,
  RollbackAnswer,
  RollbackRequest,
  SubmitAnswer,
} from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import type { SubmitItem } from "./prepare.ts";
import { openedParameters } from "./retry.ts";
import { dependenciesOf, dueTime } from "./filing.ts";
import { anotherCall } from "./replays.ts";

type Row = DeploymentTable & { size: number };

/** The newest first. @throws WilcoError `unknown_resource`. */
export async function listDeployments(
  context: Context,
  ref: string | number,
  { limit = 100, cursor }: DeploymentsQuery,
): Promise<DeploymentsAnswer> {
  const resource = await find(context, ref);
  const rows = await rowsOf(context.database, resource.id, cursor ?? Number.MAX_SAFE_INTEGER, limit + 1);
  const page = rows.slice(0, limit);
  return {
    items: page.map((row) => deploymentOf(row, resource.name)),
    next: rows.length > limit ? String(page.at(-1)!.version) : null,
  };
}

/**
 * Deploys an older version anew, with the parameters that it was deployed with.
 * @throws WilcoError `unknown_resource`, `conflict` when there is nothing to go back to, and whatever refuses a submit.
 */
export async function rollBack(
  context: Context,
  submit: (item: SubmitItem) => Promise<SubmitAnswer>,
  principal: Principal,
  ref: string | number,
  request: RollbackRequest,
  key: string | undefined,
): Promise<RollbackAnswer> {
  const resource = await find(context, ref);
  // Repeated after an answer that was lost: what was current then need not be any more.
  const known = request.key ?? (key === undefined ? undefined : `${key}#0`);
  const before =
    request.version === undefined && known !== undefined ? await filedBefore(context, principal, known) : null;
  if (before?.entry.resource?.id === resource.id) {
    if (saysOtherwise(request, before)) throw anotherCall(before.entry);
    return { entry: before.entry, replayed: true };
  }
  const target = await versionToRestore(context.database, resource, request.version);
  const opened = await openedParameters(context, target.entry);
  const { version: _version, note = noteOf(target), ...more } = request;
  const entries = [{ ...more, resource: resource.id, operation: "deploy", parameters: opened.parameters, note }];
  const answer = await submit({
    principal,
    batchKey: key,
    used: opened.used,
    restores: target.restores ?? target.version,
    request: { entries },
  });
  const [outcome] = answer.entries;
  if (!outcome || "error" in outcome) throw WilcoError.fromBody(outcome!.error);
  return outcome;
}

interface FiledBefore {
  entry: Entry;
  row: Pick<EntryRow, "id" | "zone" | "bound_worker" | "expires_in" | "created_at" | "deliver_at">;
}

/**
 * What is asked for now and can be told from the entry; what it went back to is not asked for again. What is left out
 * stood for a default of then, which nobody knows any more; of the time that is "at once".
 */
function saysOtherwise(request: RollbackRequest, { entry, row }: FiledBefore): boolean {
  const differs = (asked: unknown, filed: unknown) => asked !== undefined && asked !== filed;
  return (
    differs(request.note, entry.note) ||
    differs(request.timeout, entry.timeout) ||
    differs(request.priority, entry.priority) ||
    differs(request.zone, row.zone) ||
    differs(request.worker, row.bound_worker) ||
    differs(request.expiresIn || undefined, row.expires_in) ||
    dueTime(request, row.created_at) !== row.deliver_at ||
    (request.after !== undefined && !isSameJson(dependenciesOf(request), entry.after))
  );
}

async function filedBefore({ database }: Context, principal: Principal, key: string): Promise<FiledBefore | null> {
  const [row] = await database.query<FiledBefore["row"]>(
    `SELECT id, zone, bound_worker, expires_in, created_at, deliver_at FROM entry WHERE requested_by = $1 AND key = $2
       AND EXISTS (SELECT 1 FROM entry_content c WHERE c.entry = entry.id AND c.restores IS NOT NULL)`,
    [principal.name, key],
  );
  return row ? { entry: await readEntry(database, row.id), row } : null;
}

function noteOf({ version, label, entry }: Row): string {
  return `Back to version ${version}${label === null ? "" : ` (${label})`}, which entry ${entry} deployed`;
}

async function versionToRestore(sql: Sql, resource: { id: number; name: string }, version?: number): Promise<Row> {
  const rows = await rowsOf(sql, resource.id, Number.MAX_SAFE_INTEGER, 10_000);
  const current = rows.find(({ status }) => status === "current");
  const refuse = (message: string) =>
    new WilcoError({
      code: "conflict",
      message,
      hint: `"wilco deployments list ${resource.name}" shows its versions.`,
    });
  if (version !== undefined) {
    const found = rows.find((row) => row.version === version);
    if (!found) throw refuse(`${resource.name} has no version ${version}`);
    if (found === current) throw refuse(`Version ${version} of ${resource.name} is the current one`);
    return found;
  }
  // What was taken back before is not what one wants back; after a roll-back, the next older one is.
  const from = current?.restores ?? current?.version ?? Number.MAX_SAFE_INTEGER;
  const earlier = rows.filter(
    (row) => row.version < from && row.status === "former" && row.content !== current?.content,
  );
  const place = current ? await placeOf(sql, current) : null;
  for (const row of earlier) if (place === null || (await placeOf(sql, row)) === place) return row;
  throw refuse(`${resource.name} has no earlier version ${place === null ? "" : `of ${place} `}to go back to`);
}

/** A host gets many files, each at its `path`: an older version of another one would leave what is to be undone. */
async function placeOf(sql: Sql, { entry }: Row): Promise<string | null> {
  const [row] = await sql.query<{ parameters: string }>("SELECT parameters FROM entry WHERE id = $1", [entry]);
  const { path } = JSON.parse(row?.parameters ?? "{}") as { path?: unknown };
  return typeof path === "string" ? path : null;
}

async function rowsOf(sql: Sql, resource: number, below: number | string, limit: number): Promise<Row[]> {
  return sql.query<Row>(
    `SELECT d.*, c.size FROM deployment d JOIN content c ON c.sha256 = d.content
     WHERE d.resource = $1 AND d.version < $2 ORDER BY d.version DESC LIMIT $3`,
    [resource, below, limit],
  );
}

async function find({ database, targets }: Context, ref: string | number): Promise<{ id: number; name: string }> {
  const found = (await targets.find(database, [ref])).get(ref);
  if (!found) throw await targets.unknown(database, ref);
  return found;
}

function deploymentOf(row: Row, resource: string): Deployment {
  const { version, label, entry, author, status, restores } = row;
  return {
    resource,
    version,
    label,
    content: { sha256: row.content, size: row.size, name: row.name },
    entry,
    author,
    at: new Date(row.at).toISOString(),
    status,
    restores,
  };
}
