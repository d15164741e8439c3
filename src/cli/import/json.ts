/** Resources as JSON: an inventory document, or a list of resources with their names. */
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { suggestion } from "../../core/suggest.ts";
import type { Imported } from "./imported.ts";

const FIELDS = ["type", "zone", "worker", "parent", "description"];
const KEYS = ["name", ...FIELDS, "labels", "connection"];

export function readJson(value: Json, imported: Imported): void {
  if (Array.isArray(value)) return readList(value, imported);
  if (!isJsonObject(value) || value["resources"] === undefined) {
    imported.problem(null, "it is neither a list of resources nor an object with resources", EXAMPLE);
    return;
  }
  const { resources, groups } = value;
  if (Array.isArray(resources)) readList(resources, imported);
  else if (isJsonObject(resources))
    for (const [name, one] of Object.entries(resources)) readResource(name, one, `resources.${name}`, imported);
  else imported.problem(null, "resources must be a list or an object", EXAMPLE);
  if (groups !== undefined) readGroups(groups, imported);
}

const EXAMPLE = 'Write [{ "name": "web-1", "type": "host", "labels": {}, "connection": {} }]';

function readList(list: readonly Json[], imported: Imported): void {
  for (const [index, one] of list.entries()) {
    const name = isJsonObject(one) ? one["name"] : undefined;
    if (typeof name !== "string" || name === "") imported.problem(null, `[${index}]: the name is missing`, EXAMPLE);
    else if (imported.resources.has(name)) imported.problem(null, `[${index}]: the name "${name}" is there twice`);
    else readResource(name, one, `[${index}] (${name})`, imported);
  }
}

function readResource(name: string, value: Json, at: string, imported: Imported): void {
  if (!isJsonObject(value)) return imported.problem(null, `${at} must be an object`);
  const resource = imported.resource(name, null);
  for (const [key, given] of Object.entries(value)) {
    if (given === null || key === "name") continue;
    if (!KEYS.includes(key)) imported.problem(null, `${at}: ${key} is not known`, suggestion(key, KEYS, "Keys"));
    else if (key === "connection" && isJsonObject(given)) resource.connection = given;
    else if (key === "labels" && isJsonObject(given))
      Object.assign(resource.labels, textsOf(given, `${at}: labels`, imported));
    else if (FIELDS.includes(key) && typeof given === "string") resource.fields[key] = given;
    else imported.problem(null, `${at}: ${key} must be ${FIELDS.includes(key) ? "a text" : "an object"}`);
  }
}

/** A number is a label here: whoever prints JSON by a program did not choose between 1.10 and "1.10" by hand. */
function textsOf(labels: JsonObject, at: string, imported: Imported): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries(labels)) {
    if (typeof value === "object") imported.problem(null, `${at}.${key} must be a text`);
    else texts[key] = String(value);
  }
  return texts;
}

function readGroups(groups: Json, imported: Imported): void {
  if (!isJsonObject(groups)) return imported.problem(null, "groups must be an object");
  for (const [name, value] of Object.entries(groups)) {
    const members = isJsonObject(value) ? (value["members"] ?? []) : undefined;
    const inner = isJsonObject(value) ? (value["groups"] ?? []) : undefined;
    const stray = isJsonObject(value) && Object.keys(value).some((key) => key !== "members" && key !== "groups");
    if (stray || !isTexts(members) || !isTexts(inner)) {
      imported.problem(null, `groups.${name} may have members and groups, lists of names, and nothing else`);
      continue;
    }
    const group = imported.group(name, null);
    for (const member of members) group.members.add(member);
    for (const one of inner) group.groups.add(one);
  }
}

function isTexts(value: Json | undefined): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
