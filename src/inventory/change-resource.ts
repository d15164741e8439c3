/** Changes one resource: put (add or replace) and delete, each fenced by the version that the caller has seen. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { ResourceInput } from "../protocol/messages.ts";
import type { ApplyOptions } from "./apply.ts";
import { liveWorkers } from "./bindings.ts";
import { dropQueuedLooks } from "./look-schedule.ts";
import { parseResource } from "./parse-document.ts";
import { planResources, unfinishedEntries } from "./plan-resources.ts";
import { collectProblems, throwProblems } from "./problems.ts";
import type { ResourceRow } from "./resource-rows.ts";
import { findResourceRow, unknownResource } from "./resources.ts";
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
  if (!row && /^\d+$/.test(ref)) throw await unknownResource(tx, ref);
  const name = row?.name ?? ref;
  const problems = collectProblems();
  const notices: string[] = [];
  const draft = parseResource(name, input, "", problems.report);
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
      hint: "Delete them first, or give them another parent.",
    });
  }
  const unfinished = await unfinishedEntries(tx, row.id);
  if (unfinished > 0) {
    throw new WilcoError({
      code: "conflict",
      message: `"${row.name}" has ${unfinished === 1 ? "an operation that has" : `${unfinished} operations that have`} not ended`,
      hint: `Wait for them or cancel them: wilco history --resource ${row.name}`,
    });
  }
  await dropQueuedLooks(tx, [row.id]);
  await tx.query("DELETE FROM resource WHERE id = $1", [row.id]);
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
