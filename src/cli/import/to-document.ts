/** From what an import found to an inventory document, with the options of the command and the types of the server. */
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from "../../core/json.ts";
import type { PlaceOf } from "../../core/yaml-places.ts";
import type { InventoryDocument } from "../../protocol/messages.ts";
import type { Imported } from "./imported.ts";

export interface ImportOptions {
  /** Of resources whose source does not say one. */
  type: string;
  zone: string | undefined;
  /** For every resource. */
  labels: Readonly<Record<string, string>>;
  /** Before every name of a resource or group. */
  prefix: string;
}

/** @param connectionOf the schema of a type's connection, or undefined for a type that there is not. */
export async function importedDocument(
  imported: Imported,
  { type, zone, labels, prefix }: ImportOptions,
  connectionOf: (type: string) => Promise<JsonSchema | undefined>,
): Promise<InventoryDocument> {
  const resources: JsonObject = {};
  for (const [name, found] of imported.resources) {
    const own = found.fields["type"] ?? type;
    const schema = await connectionOf(own);
    const { parent, ...fields } = found.fields;
    const allLabels = { ...labels, ...found.labels };
    const resource: JsonObject = {
      ...(zone === undefined ? {} : { zone }),
      ...fields,
      type: own,
      // A parent of the same import has the prefix too.
      ...(parent === undefined ? {} : { parent: imported.resources.has(parent) ? `${prefix}${parent}` : parent }),
      ...(Object.keys(allLabels).length === 0 ? {} : { labels: allLabels }),
      ...(Object.keys(found.connection).length === 0 ? {} : { connection: typed(found.connection, schema) }),
    };
    resources[`${prefix}${name}`] = resource;
  }
  const groups: JsonObject = {};
  for (const [name, { members, groups: inner }] of imported.groups) {
    groups[`${prefix}${name}`] = {
      members: [...members].map((member) => (imported.resources.has(member) ? `${prefix}${member}` : member)),
      ...(inner.size === 0 ? {} : { groups: [...inner].map((one) => `${prefix}${one}`) }),
    };
  }
  return { resources, groups, merge: true };
}

/** Texts as the schema wants them, where they can be: "22" is a port, and "yes" stays a text. */
function typed(value: Json, schema: unknown): Json {
  if (isJsonObject(value)) {
    const properties = isJsonObject(schema) && isJsonObject(schema["properties"]) ? schema["properties"] : {};
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, typed(inner, properties[key])]));
  }
  if (typeof value !== "string" || !isJsonObject(schema)) return value;
  const wanted = [schema["type"]].flat();
  if (wanted.includes("string")) return value;
  const readable = wanted.some((one) => ["integer", "number", "boolean", "array", "object"].includes(one as string));
  if (!readable) return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    // Not what the schema wants: the server says so, with the place.
    return value;
  }
}

/** Lines for paths such as "resources.web-1.connection.port". */
export function placesOf(imported: Imported, prefix: string): PlaceOf {
  const lineOf = (all: ReadonlyMap<string, { line: number | null }>, rest: string) => {
    // Names hold dots themselves, so the longest one that the path begins with is meant.
    for (let end = rest.length; end > 0; end = rest.lastIndexOf(".", end - 1)) {
      const found = all.get(rest.slice(0, end).slice(prefix.length));
      if (found) return found.line;
    }
    return null;
  };
  return (path) => {
    const [part = "", ...rest] = path.split(".");
    const all = part === "resources" ? imported.resources : part === "groups" ? imported.groups : undefined;
    const line = all === undefined ? null : lineOf(all, rest.join("."));
    return line === null ? null : { line, column: 1 };
  };
}
