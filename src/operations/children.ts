/** `createChild`: refused early where that is possible, and its resource written with the end of what made it. */
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { WilcoError } from "../core/errors.ts";
import { createMasker } from "../core/masking.ts";
import type { Transaction } from "../database/database.ts";
import { CREATE_CHILD } from "../domain/capabilities.ts";
import { secretNames } from "../domain/secret-templates.ts";
import { isTerminal, STATUSES } from "../domain/status.ts";
import type { Children } from "../inventory/children.ts";
import { openParameters } from "../inventory/parameter-secrets.ts";
import type { ResourceInput } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { End } from "./ends.ts";
import type { Locked } from "./locked.ts";
import { storedSecrets } from "./stored-secrets.ts";

/** By name: there is an index of statuses, and none of what is not among them. */
const OPEN = STATUSES.filter((status) => !isTerminal(status))
  .map((status) => `'${status}'`)
  .join(", ");

/** Before it is filed. @throws WilcoError `invalid_parameters`, `conflict`, `unknown_type`. */
export async function checkChild(
  { children }: Context,
  tx: Transaction,
  parameters: Record<string, unknown> | undefined,
): Promise<void> {
  const name = parameters?.["name"];
  requireNoStoredSecret(parameters?.["connection"]);
  await children?.check(tx, name, parameters?.["type"]);
  const open = await tx.query<{ id: number; parameters: string }>(
    `SELECT id, parameters FROM entry WHERE operation = $1 AND status IN (${OPEN}) ORDER BY id`,
    [CREATE_CHILD],
  );
  const other = open.find((entry) => (JSON.parse(entry.parameters) as JsonObject)["name"] === name);
  if (!other) return;
  throw new WilcoError({
    code: "conflict",
    message: `Entry ${other.id} is making a resource "${String(name)}" already`,
    hint: "Give the child another name.",
    details: { entry: other.id },
  });
}

/**
 * Only admins write which resources get which secret. A child's connection comes from whoever calls and from a worker:
 * either could name any secret of the store, and have it handed out with the child's first entry.
 * @throws WilcoError `invalid_parameters`.
 */
function requireNoStoredSecret(connection: unknown): void {
  const [named] = secretNames(connection);
  if (named === undefined) return;
  throw new WilcoError({
    code: "invalid_parameters",
    message: `the connection of a child can't name the stored secret "${named}"`,
    hint: "Leave it out: an admin names it when the child is there (wilco resources edit).",
  });
}

interface Made {
  id: number;
  resource: number;
  resource_name: string | null;
  operation: string;
  parent: string;
  zone: string;
  parameters: string;
  sealed: string | null;
}

/**
 * Writes the children of what succeeded, with the ends' locks held. One that can't be a resource ends its entry as failed:
 * what the handler made is told in the error, and is there.
 */
export async function addChildren(
  context: Context,
  tx: Transaction,
  locked: Locked,
  ends: readonly End[],
): Promise<void> {
  const made = ends.filter(({ id, status }) => status === "succeeded" && locked.get(id)?.operation === CREATE_CHILD);
  if (made.length === 0) return;
  const told = new Map(made.map((end) => [end.id, takeConnection(end)]));
  const { children } = context;
  if (!children) return;
  const rows = await tx.query<Made>(
    `SELECT e.id, e.resource, e.resource_name, e.operation, r.name AS parent, r.zone, e.parameters, e.sealed
     FROM entry e JOIN resource r ON r.id = e.resource WHERE ${tx.dialect.inIds("e.id", "$1")} ORDER BY e.id`,
    [JSON.stringify(made.map(({ id }) => id))],
  );
  const known = await secretsOf(context, tx, rows);
  for (const row of rows) {
    const end = made.find(({ id }) => id === row.id)!;
    const { parameters, secrets } = openParameters(row.parameters, row.sealed, context.secrets.sealer);
    const child = childOf(row, parameters, { ...(end.result as JsonObject), ...told.get(row.id) });
    await addChild(children, tx, end, child, parameters["name"] as string, [...secrets, ...known(row)]);
  }
}

/** The connection is the child's alone, where its secrets are sealed: it came unmasked, and the entry does not keep it. */
function takeConnection(end: End): { connection?: Json } {
  const { connection, ...told } = isJsonObject(end.result) ? end.result : { result: end.result ?? null };
  end.result = told as Json;
  return connection === undefined ? {} : { connection };
}

/** Whatever of the parent and of the store its worker was given. */
async function secretsOf(context: Context, tx: Transaction, rows: readonly Made[]): Promise<(row: Made) => string[]> {
  const parents = await context.targets.open(tx, [...new Set(rows.map(({ resource }) => resource))]);
  const { values } = await storedSecrets(context, tx, rows, parents);
  return ({ resource }) => [...(parents.get(resource)?.secrets ?? []), ...values.values()];
}

async function addChild(
  children: Children,
  tx: Transaction,
  end: End,
  child: ResourceInput,
  name: string,
  secrets: readonly string[],
) {
  const told = end.result as JsonObject;
  try {
    requireNoStoredSecret(child.connection);
    await children.add(tx, name, child, secrets);
    end.result = { ...told, resource: name } as Json;
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    end.status = "failed";
    end.result = null;
    end.error = {
      code: "child_refused",
      message: `It was made, but can't be the resource "${name}": ${error.message}`,
      hint: "Remove what was made, or add it by hand (wilco resources add).",
      source: "operation",
      details: { made: told, reason: error.toBody() } as unknown as JsonObject,
    };
    // What refused it may repeat a value.
    end.error = createMasker(secrets).value(end.error);
  }
}

/** What was asked for, completed by what the handler says of what it made. */
function childOf({ parent, zone }: Made, parameters: JsonObject, told: JsonObject): ResourceInput {
  const merged = (key: "labels" | "connection") => {
    const parts = [parameters[key], told[key]].filter(isJsonObject);
    return parts.length === 0 ? {} : { [key]: Object.assign({}, ...parts) as JsonObject };
  };
  const description = told["description"] ?? parameters["description"];
  return {
    type: parameters["type"] as string,
    zone,
    parent,
    ...merged("labels"),
    ...merged("connection"),
    ...(typeof description === "string" ? { description } : {}),
  };
}
