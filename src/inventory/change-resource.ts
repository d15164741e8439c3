/** Changes one resource: put (add or replace) and delete, each fenced by the version that the caller has seen. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { Json } from "../core/json.ts";
import { mergePatch } from "../domain/configuration.ts";
import { formatInterval } from "../domain/interval.ts";
import type { ResourceInput, ResourcePatch } from "../protocol/messages.ts";
import type { ApplyOptions } from "./apply.ts";
import { liveWorkers } from "./bindings.ts";
import { dropQueuedLooks } from "./look-schedule.ts";
import { parseResource } from "./parse-document.ts";
import { planResources, unfinishedEntries } from "./plan-resources.ts";
import { collectProblems, throwProblems } from "./problems.ts";
import type { ResourceRow } from "./resource-rows.ts";
import { findResourceRow, unknownResource } from "./resources.ts";
import { shownConnection } from "./secrets.ts";
import { lockInventory, writeResources } from "./write-resources.ts";

/** What an If-Match header asks: a version, "any" (it must exist), or nothing. */
export type Expected = number | "any" | undefined;

export interface PutResult {
  name: string;
  action: "add" | "change" | "same";
  notices: string[];
}

/** @throws WilcoError as `Inventory.putResource` says. */
export async function putResource(
  tx: Transaction,
  options: ApplyOptions,
  ref: string,
  input: ResourceInput,
  expected: Expected,
): Promise<PutResult> {
  await lockInventory(tx);
  const row = await findResourceRow(tx, ref, "forUpdate");
  if (row) requireVersion(row, expected);
  else if (expected !== undefined) throw await unknownResource(tx, ref);
  // An id names what there is; only a name can become a new resource.
  if (!row && /^\d+$/.test(ref)) {
    throw new WilcoError({
      code: "unknown_resource",
      message: `There is no resource with the id ${ref}, and digits only are no name for a new one`,
      hint: `Put a letter into the name, e.g. host-${ref}.`,
    });
  }
  const name = row?.name ?? ref;
  const problems = collectProblems();
  const notices: string[] = [];
  const draft = parseResource(name, input, "", problems.report, "evenIfWrong");
  const known = await options.types.find(tx, draft ? [draft.type] : []);
  const planned = await planResources(tx, draft ? [draft] : [], {
    types: known,
    workers: await liveWorkers(tx),
    schemas: options.schemas,
    sealer: options.sealer,
    report: problems.report,
    mayGuess: problems.mayGuess,
    notice: (text) => notices.push(text),
  });
  throwProblems(problems.list, `The resource "${name}"`, "invalid_request");
  await writeResources(tx, planned);
  return { name, action: planned[0]!.action, notices };
}

/**
 * Changes what the patch names (JSON merge patch: null takes a label or a key of the connection away) and nothing else.
 * Secrets of the connection stay as they are unless the patch has them.
 * @throws WilcoError as `Inventory.patchResource` says.
 */
export async function patchResource(
  tx: Transaction,
  options: ApplyOptions,
  ref: string,
  patch: ResourcePatch,
  expected: Expected,
): Promise<PutResult> {
  await lockInventory(tx);
  const row = await findResourceRow(tx, ref, "forUpdate");
  if (!row) throw await unknownResource(tx, ref);
  requireVersion(row, expected);
  const known = await options.types.find(tx, [row.type]);
  const current: ResourceInput = {
    type: row.type,
    zone: row.zone,
    // Not said: a binding that is inherited stays inherited.
    ...(row.worker === null ? {} : { worker: row.worker }),
    labels: JSON.parse(row.labels) as Record<string, string>,
    parent: row.parent_name,
    description: row.description,
    connection: shownConnection(row.connection, known.get(row.type)?.connection),
    checkEvery: row.check_every === null ? null : formatInterval(row.check_every),
    metricsEvery: row.metrics_every === null ? null : formatInterval(row.metrics_every),
  };
  // Null is a value of these keys; of labels and connection it takes something away.
  const input: ResourceInput = { ...current, ...(patch as ResourceInput) };
  for (const key of ["labels", "connection"] as const) {
    const change = patch[key];
    if (change !== undefined) Object.assign(input, { [key]: mergePatch(current[key] as Json, change as Json) });
  }
  return putResource(tx, options, row.name, input, undefined);
}

/** @throws WilcoError as `Inventory.deleteResource` says. */
export async function deleteResource(tx: Transaction, ref: string, expected: Expected): Promise<void> {
  await lockInventory(tx);
  const row = await findResourceRow(tx, ref, "forUpdate");
  if (!row) throw await unknownResource(tx, ref);
  requireVersion(row, expected);
  const children = await tx.query<{ name: string }>("SELECT name FROM resource WHERE parent = $1 ORDER BY id LIMIT 4", [
    row.id,
  ]);
  if (children.length > 0) {
    const shown = children.slice(0, 3).map(({ name }) => name);
    throw new WilcoError({
      code: "conflict",
      message: `"${row.name}" has children: ${shown.join(", ")}${children.length > 3 ? ", …" : ""}`,
      hint: "Remove them first, or give them another parent.",
    });
  }
  await refuseListed(tx, row.name);
  const unfinished = await unfinishedEntries(tx, row.id);
  if (unfinished > 0) {
    const first = await tx.query<{ id: number; operation: string; status: string }>(
      `SELECT id, operation, status FROM entry WHERE resource = $1 AND finished_at IS NULL AND (automatic = 0 OR head = 1)
       ORDER BY id LIMIT 3`,
      [row.id],
    );
    const shown = first.map(({ id, operation, status }) => `entry ${id} (${operation}, ${status})`).join(", ");
    throw new WilcoError({
      code: "conflict",
      message: `"${row.name}" has ${unfinished === 1 ? "an operation that has" : `${unfinished} operations that have`} not ended: ${shown}${unfinished > 3 ? ", …" : ""}`,
      hint: `Wait for them or cancel them: wilco history --resource ${row.name}`,
    });
  }
  await dropQueuedLooks(tx, [row.id]);
  await tx.query("DELETE FROM resource WHERE id = $1", [row.id]);
}

/** A group that goes on listing what is gone could be neither exported and applied again, nor trusted. */
async function refuseListed(tx: Transaction, name: string): Promise<void> {
  const groups = await tx.query<{ name: string; members: string }>(
    "SELECT name, members FROM resource_group WHERE members LIKE $1 ORDER BY name",
    [`%${JSON.stringify(name)}%`],
  );
  const listing = groups.filter(({ members }) => (JSON.parse(members) as string[]).includes(name));
  const [first] = listing;
  if (!first) return;
  const shown = listing.slice(0, 3).map((group) => group.name);
  throw new WilcoError({
    code: "conflict",
    message: `"${name}" is a member of the ${listing.length === 1 ? "group" : "groups"} ${shown.join(", ")}${listing.length > 3 ? ", …" : ""}`,
    hint: `Take it out of ${listing.length === 1 ? "that group" : "those groups"} first: wilco apply FILE.`,
  });
}

function requireVersion(row: ResourceRow, expected: Expected): void {
  if (expected === undefined || expected === "any" || expected === row.version) return;
  throw new WilcoError({
    code: "precondition_failed",
    message: `"${row.name}" was changed in the meantime: it has version ${row.version}, not ${expected}`,
    hint: "Read it again and repeat the change on what it is now.",
    details: { version: row.version },
  });
}
