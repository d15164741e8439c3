/** `wilco types list`, `show` and `remove` */
import { formatDuration } from "../../core/durations.ts";
import { isJsonObject, type JsonSchema } from "../../core/json.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import { agreeToRemove, type RemoveFlags } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import { formatCard, formatTable, type Column } from "../output/table.ts";
import { openRemote } from "../remote.ts";

export async function listTypes(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.types();
  await printList(
    context.output,
    items,
    TYPE_COLUMNS,
    "There are no resource types: no worker has registered any yet.",
  );
  return EXIT.succeeded;
}

export async function showType(context: Context, name: string): Promise<number> {
  const { api } = await openRemote(context);
  const type = await api.type(name);
  await printDocument(context.output, type, () => cardOf(type, context.output.width));
  return EXIT.succeeded;
}

export async function removeTypes(context: Context, names: readonly string[], flags: RemoveFlags): Promise<number> {
  const { api } = await openRemote(context);
  const types = [...new Set(names)];
  // All are looked up before the first is gone: a misspelt name removes nothing.
  for (const name of types) await api.type(name);
  const note = "The history stays.";
  if (!(await agreeToRemove(context, types.join(", "), flags.yes, note))) return EXIT.wrongUse;
  for (const name of types) {
    await api.deleteType(name);
    context.output.notice(`Type ${name} is removed.`);
  }
  return EXIT.succeeded;
}

const TYPE_COLUMNS: Array<Column<ResourceTypeDescriptor>> = [
  { title: "name", cell: (type) => type.name, least: 16 },
  { title: "runs on", cell: (type) => (type.runsOn === "bound" ? "its worker" : "any worker"), spare: 1 },
  { title: "role", cell: (type) => type.role, spare: 3 },
  { title: "built in", cell: (type) => (type.builtin ? "yes" : "no"), spare: 2 },
  { title: "operations", cell: (type) => Object.keys(type.operations).join(", "), wrap: true },
];

export function operationColumns(): Array<Column<OperationDescriptor>> {
  return [
    { title: "operation", cell: (operation) => operation.name, least: Infinity },
    { title: "parameters", cell: (operation) => parameterNames(operation.parameters), least: 16, wrap: true },
    { title: "timeout", cell: (operation) => formatDuration(operation.timeout), align: "right", spare: 2 },
    { title: "at once", cell: (operation) => (operation.exclusive ? "one" : "many"), spare: 1 },
    { title: "description", cell: (operation) => operation.description ?? "", least: 16, spare: 3, wrap: true },
  ];
}

function cardOf(type: ResourceTypeDescriptor, width: number): string {
  const fields: Array<readonly [string, string]> = [
    ["type", type.name],
    ["version", type.version],
    ["role", type.role],
    ["runs on", runsOnText(type)],
  ];
  if (type.description !== null) fields.push(["description", type.description]);
  if (type.check !== null) fields.push(["availability by", type.check]);
  fields.push(["connection", parameterNames(type.connection) || "none"]);
  if (type.configuration !== null) fields.push(["configuration", parameterNames(type.configuration) || "any"]);
  return `${formatCard(fields, width)}\n${formatTable(Object.values(type.operations), operationColumns(), width)}`;
}

function runsOnText({ runsOn, anywhereWith }: ResourceTypeDescriptor): string {
  if (runsOn === "any") return "any worker of its zone and role";
  const bound = "the worker its resource is bound to";
  return anywhereWith ? `${bound}; any worker of its zone and role when the connection has ${anywhereWith}` : bound;
}

/** "graceful?: boolean, version: string" */
function parameterNames(schema: JsonSchema): string {
  const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.entries(properties)
    .map(([name, property]) => {
      const type = isJsonObject(property) ? typeText(property["type"]) : "any";
      const secret = isJsonObject(property) && property["secret"] === true ? " (secret)" : "";
      return `${name}${required.includes(name) ? "" : "?"}: ${type}${secret}`;
    })
    .join(", ");
}

/** "string", or "number|null" of a list; "any" where the schema does not say. */
function typeText(type: unknown): string {
  const names = [type].flat().filter((name) => typeof name === "string");
  return names.length === 0 ? "any" : names.join("|");
}
