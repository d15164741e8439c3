/** Content that calls name: looked up before they are filed, recorded with their entries, given to whoever holds a lease. */
import type { Json, JsonObject } from "../core/json.ts";
import { isJsonObject } from "../core/json.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { contentParameters, isSha256, requireContentName, unknownContent, type ContentRef } from "../domain/content.ts";
import type { OperationDescriptor } from "../domain/resource-type.ts";
import type { Target } from "../inventory/targets.ts";
import type { SubmitRequest } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { holds, leaseLost } from "./lease.ts";
import type { Filing } from "./filing.ts";
import { lockEntries } from "./locked.ts";
import { requireSession } from "./sessions.ts";

/** What of the content that calls name there is, by hash. */
export type KnownContent = ReadonlyMap<string, ContentRef>;

const NONE: KnownContent = new Map();

/** Nothing is asked of the database unless a call is of an operation that takes content. Locked until it is filed. */
export async function findNamedContent(
  tx: Transaction,
  items: ReadonlyArray<{ request: SubmitRequest }>,
  targets: ReadonlyMap<string | number, Target>,
): Promise<KnownContent> {
  const operations = new Set<string>();
  for (const type of new Set([...targets.values()].map((target) => target.type))) {
    for (const operation of Object.values(type.operations)) {
      if (contentParameters(operation.parameters).length > 0) operations.add(operation.name);
    }
  }
  if (operations.size === 0) return NONE;
  const hashes = items.flatMap(({ request }) =>
    request.entries.flatMap((entry) => (operations.has(entry.operation) ? hashesIn(entry) : [])),
  );
  if (hashes.length === 0) return NONE;
  const rows = await tx.query<ContentRef>(
    `SELECT sha256, size, name FROM content WHERE ${tx.dialect.inTexts("sha256", "$1")} ORDER BY sha256 ${tx.dialect.forShare}`,
    [JSON.stringify([...new Set(hashes)])],
  );
  return new Map(rows.map((row) => [row.sha256, row]));
}

/** Hashes where parameters may have content: at their first level. */
function hashesIn(submission: SubmitRequest["entries"][number]): string[] {
  const all: JsonObject[] = [];
  if (submission.parameters) all.push(submission.parameters as JsonObject);
  if ("parametersByType" in submission) all.push(...(Object.values(submission.parametersByType ?? {}) as JsonObject[]));
  return all.flatMap((parameters) =>
    Object.values(parameters).flatMap((value) =>
      isJsonObject(value) && isSha256(value["sha256"]) ? [value["sha256"]] : [],
    ),
  );
}

/**
 * Fills in size and name of the content that parameters name.
 * @returns the hashes by parameter. @throws WilcoError `unknown_content`, `content_mismatch`, `invalid_request` (name).
 */
export function completeContent(
  operation: OperationDescriptor,
  parameters: JsonObject,
  known: KnownContent = NONE,
): Array<{ parameter: string; sha256: string }> {
  return contentParameters(operation.parameters).flatMap((parameter) => {
    const given = parameters[parameter] as Partial<ContentRef> | undefined;
    if (given?.sha256 === undefined) return [];
    const { sha256, size, name } = given;
    const stored = known.get(sha256);
    if (!stored) throw unknownContent(sha256);
    if (size !== undefined && size !== stored.size) {
      throw new WilcoError({
        code: "content_mismatch",
        message: `"${parameter}" says ${size} bytes, and the content ${sha256.slice(0, 12)} has ${stored.size}`,
        hint: "Leave the size out: the server knows it.",
      });
    }
    parameters[parameter] = { sha256, size: stored.size, name: requireContentName(name ?? stored.name) } as Json;
    return [{ parameter, sha256 }];
  });
}

/** @param restores the version of its resource's deployments that an entry brings back. */
export function recordContent(tx: Transaction, filed: ReadonlyArray<{ id: number; filing: Filing }>): void {
  const rows = filed.flatMap(({ id, filing }) =>
    (filing.content ?? []).map(({ parameter, sha256 }) => ({
      entry: id,
      parameter,
      content: sha256,
      restores: filing.restores ?? null,
    })),
  );
  if (rows.length === 0) return;
  tx.send(
    `INSERT INTO entry_content (entry, parameter, content, restores)
     SELECT entry, parameter, content, restores FROM ${tx.dialect.rows("v", CONTENT_COLUMNS, "$1")}`,
    [JSON.stringify(rows)],
  );
}

const CONTENT_COLUMNS = { entry: "int", parameter: "text", content: "text", restores: "int" } as const;

/**
 * That a worker may read a content: an entry that is leased to it names it.
 * @throws WilcoError `session_ended`, `lease_lost`, `unknown_content`.
 */
export async function requireLeasedContent(
  { database }: Context,
  principal: Principal,
  session: string,
  { entry, attempt, sha256 }: { entry: number; attempt: number; sha256: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    await requireSession(tx, principal, session);
    const locked = (await lockEntries(tx, [entry])).get(entry);
    if (!holds(locked, session, attempt)) throw leaseLost(entry);
    const named = await tx.query("SELECT 1 AS one FROM entry_content WHERE entry = $1 AND content = $2", [
      entry,
      sha256,
    ]);
    if (named.length === 0) throw unknownContent(sha256);
  });
}
