/** Keeps what a discovery found: what is new, what changed, what is gone. Takes nothing. */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { Transaction } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { secretPaths } from "../domain/secret-paths.ts";
import { secretNames } from "../domain/secret-templates.ts";
import type { FindingStatus } from "../domain/finding.ts";
import { parseResource } from "./parse-document.ts";
import type { Report } from "./problems.ts";

export interface FindingProblem {
  /** "resources[3].connection" */
  path: string;
  message: string;
  hint: string | null;
}

export interface RecordedFindings {
  found: number;
  new: number;
  changed: number;
  gone: number;
  /** Of findings that were left out. */
  problems: FindingProblem[];
}

interface Found {
  name: string;
  type: string;
  document: JsonObject;
}

interface StoredFinding {
  id: number;
  name: string;
  status: FindingStatus;
  document: string;
  decided_by: string | null;
}

const KEYS = ["type", "zone", "labels", "description", "connection"];

/** @param list what the handler gave as `resources`. @param resource that it was found under. */
export async function recordFindings(
  tx: Transaction,
  list: readonly Json[],
  { entry, resource }: { entry: number; resource: number },
): Promise<RecordedFindings> {
  const problems: FindingProblem[] = [];
  const found = await readFindings(tx, list, (path, message, hint) =>
    problems.push({ path, message, hint: hint ?? null }),
  );
  const lock = tx.dialect.forUpdate;
  const rows = await tx.query<StoredFinding>(
    `SELECT id, name, status, document, decided_by FROM finding WHERE found_under = $1 ORDER BY id ${lock}`,
    [resource],
  );
  const stored = new Map(rows.map((row) => [row.name, row]));
  const there = new Set(await namesOfResources(tx, [...found.keys()]));
  const added = [...found.values()].filter(({ name }) => !stored.has(name));
  const again = [...found.values()].flatMap((one) => {
    const before = stored.get(one.name);
    return before ? [{ ...nextState(before, one, there.has(one.name)), id: before.id, ...rowOf(one) }] : [];
  });
  // With problems it is not known what was meant, so nothing of what is missing is called gone.
  const gone =
    problems.length > 0
      ? []
      : rows.filter(({ name, status }) => !found.has(name) && (status === "new" || status === "taken"));
  await write(tx, { entry, resource, added, again, gone: gone.map(({ id }) => id) });
  return {
    found: found.size,
    new: added.length,
    changed: again.filter(({ changed }) => changed).length,
    gone: gone.length,
    problems,
  };
}

async function readFindings(tx: Transaction, list: readonly Json[], report: Report): Promise<Map<string, Found>> {
  const types = await typesOf(tx, list);
  const found = new Map<string, Found>();
  for (const [index, value] of list.entries()) {
    const path = `resources[${index}]`;
    const one = readFinding(value, path, types, report);
    if (one && found.has(one.name)) report(path, `the name "${one.name}" was found twice`);
    else if (one) found.set(one.name, one);
  }
  return found;
}

function readFinding(
  value: Json,
  path: string,
  types: ReadonlyMap<string, ResourceTypeDescriptor>,
  report: Report,
): Found | undefined {
  if (!isJsonObject(value) || typeof value["name"] !== "string") {
    report(path, "it must be an object with a name and a type");
    return undefined;
  }
  const { name, ...document } = value;
  const stray = Object.keys(document).find((key) => !KEYS.includes(key));
  if (stray !== undefined) {
    report(`${path}.${stray}`, "a finding has no such key", suggestion(stray, KEYS, "Keys"));
    return undefined;
  }
  const draft = parseResource(name, document, path, report);
  if (!draft) return undefined;
  const type = types.get(draft.type);
  if (!type) {
    report(`${path}.type`, `there is no resource type "${draft.type}"`, "Apply the type first.");
    return undefined;
  }
  const [named] = secretNames(draft.connection);
  if (named !== undefined) {
    // A rule may take it, and then whoever wrote the discovery's output would have been given any secret of the store.
    report(`${path}.connection`, `a finding can't name the stored secret "${named}"`, "Name it when it is taken.");
    return undefined;
  }
  const [secret] = secretPaths(type.connection, draft.connection);
  if (secret) {
    // A finding is shown to everyone who may read, and so is the result of its discovery.
    report(`${path}.connection.${secret.join(".")}`, "a secret can't be found", "Set it when it is taken.");
    return undefined;
  }
  return { name, type: draft.type, document };
}

async function typesOf(tx: Transaction, list: readonly Json[]): Promise<Map<string, ResourceTypeDescriptor>> {
  const names = list.flatMap((one) => (isJsonObject(one) && typeof one["type"] === "string" ? [one["type"]] : []));
  const storable = [...new Set(names)].filter((name) => !name.includes("\0") && name.isWellFormed());
  const rows = await tx.query<{ name: string; descriptor: string }>(
    `SELECT name, descriptor FROM resource_type WHERE ${tx.dialect.inTexts("name", "$1")}`,
    [JSON.stringify(storable)],
  );
  return new Map(rows.map(({ name, descriptor }) => [name, JSON.parse(descriptor) as ResourceTypeDescriptor]));
}

async function namesOfResources(tx: Transaction, names: string[]): Promise<string[]> {
  const rows = await tx.query<{ name: string }>(`SELECT name FROM resource WHERE ${tx.dialect.inTexts("name", "$1")}`, [
    JSON.stringify(names),
  ]);
  return rows.map(({ name }) => name);
}

/** @param isThere a resource of that name is in the inventory. */
function nextState(
  before: StoredFinding,
  { document }: Found,
  isThere: boolean,
): { status: FindingStatus; changed: boolean } {
  const changed = canonicalJson(JSON.parse(before.document)) !== canonicalJson(document);
  // A yes was said to what it was; a no is said to whatever it becomes.
  if (before.status === "ignored") return { status: "ignored", changed };
  if (changed) return { status: "new", changed };
  if (before.status === "gone") return { status: before.decided_by !== null && isThere ? "taken" : "new", changed };
  return { status: before.status === "taken" && !isThere ? "new" : before.status, changed };
}

function rowOf({ name, type, document }: Found) {
  return { name, type, document: JSON.stringify(document) };
}

interface Writes {
  entry: number;
  resource: number;
  added: Found[];
  again: Array<{ id: number; type: string; document: string; status: FindingStatus; changed: boolean }>;
  gone: number[];
}

async function write(tx: Transaction, { entry, resource, added, again, gone }: Writes): Promise<void> {
  const columns = { id: "int", name: "text", type: "text", document: "text", status: "text", changed: "int" } as const;
  if (added.length > 0) {
    await tx.query(
      `INSERT INTO finding (found_under, name, type, status, document, entry, first_seen_at, seen_at)
       SELECT $2, v.name, v.type, 'new', v.document, $3, $4, $4 FROM ${tx.dialect.rows("v", columns, "$1")}`,
      [JSON.stringify(added.map(rowOf)), resource, entry, tx.now()],
    );
  }
  if (again.length > 0) {
    await tx.query(
      `UPDATE finding SET type = v.type, document = v.document, status = v.status, entry = $2, seen_at = $3,
         decided_by = CASE WHEN v.status = 'new' THEN NULL ELSE decided_by END,
         decided_at = CASE WHEN v.status = 'new' THEN NULL ELSE decided_at END,
         problem = CASE WHEN v.changed = 1 THEN NULL ELSE problem END
       FROM ${tx.dialect.rows("v", columns, "$1")} WHERE finding.id = v.id`,
      [JSON.stringify(again.map((one) => ({ ...one, changed: one.changed ? 1 : 0 }))), entry, tx.now()],
    );
  }
  if (gone.length > 0)
    await tx.query(`UPDATE finding SET status = 'gone' WHERE ${tx.dialect.inIds("id", "$1")}`, [JSON.stringify(gone)]);
}
