/** What a `deploy` that succeeded put on its resource becomes the resource's newest version, and its current one. */
import { isJsonObject } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import { contentParameters } from "../../domain/content.ts";
import { ROLLED_BACK } from "../../domain/deployment.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import type { End } from "../ends.ts";
import type { Locked } from "../locked.ts";

interface Deployed {
  entry: number;
  resource: number;
  label: string | null;
  content: string;
  name: string;
  author: string;
  restores: number | null;
}

/** Only entries of the kind that are called so: anything else costs a look at what is locked already. */
export async function recordDeployments(tx: Transaction, locked: Locked, ends: readonly End[]): Promise<void> {
  const succeeded = new Map<number, boolean>();
  for (const end of ends) {
    const entry = locked.get(end.id);
    if (entry?.kind !== "deployment" || entry.operation !== "deploy" || entry.resource === null) continue;
    // One that failed its check did run, and was taken back: that is a part of the resource's history.
    if (end.status === "succeeded" || wasRolledBack(end)) succeeded.set(end.id, end.status === "succeeded");
  }
  if (succeeded.size === 0) return;
  const rows = await tx.query<Named>(
    `SELECT c.entry, e.resource, c.content, c.restores, c.parameter, e.parameters, e.requested_by, t.descriptor
     FROM entry_content c JOIN entry e ON e.id = c.entry JOIN resource_type t ON t.name = e.resource_type
     WHERE ${tx.dialect.inIds("c.entry", "$1")} ORDER BY c.entry, c.parameter`,
    [JSON.stringify([...succeeded.keys()])],
  );
  // One at a time: a resource deploys one thing at a time.
  for (const named of Map.groupBy(rows, ({ entry }) => entry).values()) {
    const row = mainOf(named);
    const parameters = JSON.parse(row.parameters) as Record<string, unknown>;
    const given = parameters[row.parameter];
    const deployed: Deployed = {
      entry: row.entry,
      resource: row.resource,
      label: typeof parameters["version"] === "string" ? parameters["version"] : null,
      content: row.content,
      name: isJsonObject(given) && typeof given["name"] === "string" ? given["name"] : row.content,
      author: row.requested_by,
      restores: row.restores,
    };
    await record(tx, deployed, succeeded.get(row.entry)!);
  }
}

interface Named extends Omit<Deployed, "label" | "name" | "author"> {
  parameter: string;
  parameters: string;
  requested_by: string;
  descriptor: string;
}

/** The first parameter that the type declares as content is what was deployed, as the command line has it. */
function mainOf(named: readonly Named[]): Named {
  const { operations } = JSON.parse(named[0]!.descriptor) as ResourceTypeDescriptor;
  const declared = contentParameters(operations["deploy"]?.parameters ?? {});
  const first = declared.find((name) => named.some(({ parameter }) => parameter === name));
  return named.find(({ parameter }) => parameter === first) ?? named[0]!;
}

async function record(tx: Transaction, deployed: Deployed, isCurrent: boolean): Promise<void> {
  const { entry, resource, label, content, name, author, restores } = deployed;
  // Its next number is taken under its lock, also where a type lets two deploys run at once.
  await tx.query(`SELECT id FROM resource WHERE id = $1 ${tx.dialect.forUpdate}`, [resource]);
  if (isCurrent) {
    await tx.query("UPDATE deployment SET status = $2 WHERE resource = $1 AND status = 'current'", [
      resource,
      restores === null ? "former" : "rolled_back",
    ]);
  }
  await tx.query(
    `INSERT INTO deployment (resource, version, label, content, name, entry, author, at, status, restores)
     SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM deployment WHERE resource = $1`,
    [resource, label, content, name, entry, author, tx.now(), isCurrent ? "current" : "rolled_back", restores],
  );
}

function wasRolledBack({ status, error }: End): boolean {
  return status === "failed" && isJsonObject(error?.details) && error.details[ROLLED_BACK] === true;
}
