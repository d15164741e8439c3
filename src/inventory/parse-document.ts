/** The shape of an inventory document and of one resource in it. What needs the database is checked in the plan. */
import { messageOf, WilcoError } from "../core/errors.ts";
import { copyOfJson, isJsonObject, type JsonObject } from "../core/json.ts";
import { nearest, suggestion } from "../core/suggest.ts";
import { DEFAULT_ZONE, isName } from "../domain/route.ts";
import { parseSelector } from "../domain/selector.ts";
import { parseInterval } from "../domain/interval.ts";
import type { Group } from "../domain/resource.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { InventoryDocument } from "../protocol/messages.ts";
import { isStorable, parseLabels } from "./parse-labels.ts";
import type { Problem, Report } from "./problems.ts";

/** Turns a type as YAML has it into a descriptor. @throws WilcoError that says what is wrong with it. */
export type ParseType = (name: string, document: unknown) => ResourceTypeDescriptor;

/** A resource as asked for, before it is compared with what there is. */
export interface ResourceDraft {
  name: string;
  /** Where it stands in the document, for problems. */
  path: string;
  type: string;
  zone: string;
  /** undefined = not said: kept as it is where operations only run on one worker. */
  worker: string | null | undefined;
  labels: Record<string, string>;
  parent: string | null;
  description: string | null;
  connection: JsonObject;
  /** ms; 0 = off, null = as its type says. */
  checkEvery: number | null;
  metricsEvery: number | null;
  /** undefined = not said: kept as it is. */
  enabled: boolean | undefined;
  /** A selector of findings that are taken without a yes; null = none, undefined = not said: as it is. */
  takeFound: string | null | undefined;
}

export interface GroupDraft extends Group {
  path: string;
}

export interface ParsedDocument {
  types: Array<{ path: string; descriptor: ResourceTypeDescriptor; source: unknown }>;
  resources: ResourceDraft[];
  groups: GroupDraft[];
}

/** No comma, `=`, `*`, `?` or space, which selectors use; not digits only, which would be taken for an id. */
export const RESOURCE_NAME = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9._:@/-]{0,255}$/;
const NAME_HINT =
  "Resource names are letters, digits and . _ - : @ /, start with a letter or digit, are not digits only, and have at most 256 characters.";

const RESOURCE_KEYS = [
  "type",
  "zone",
  "worker",
  "labels",
  "parent",
  "description",
  "connection",
  "checkEvery",
  "metricsEvery",
  "enabled",
  "discovery",
];
/** What is wrong with these, or with keys that are unknown, does not change what is to be said of the others. */
const SIDE_KEYS = /^(?!(type|zone|worker|parent|connection)$)./;
const GROUP_KEYS = ["description", "select", "members", "groups"];

export function parseDocument(document: InventoryDocument, parseType: ParseType, report: Report): ParsedDocument {
  const types: ParsedDocument["types"] = [];
  for (const [name, value] of Object.entries(document.types ?? {})) {
    const path = `types.${name}`;
    try {
      types.push({ path, descriptor: parseType(name, value), source: value });
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      for (const problem of problemsOf(error, path)) report(problem.path, problem.message, problem.hint);
    }
  }
  const resources = Object.entries(document.resources ?? {}).flatMap(
    ([name, value]) => parseResource(name, value, `resources.${name}`, report, "evenIfWrong") ?? [],
  );
  const groups = Object.entries(document.groups ?? {}).flatMap(
    ([name, value]) => parseGroup(name, value, `groups.${name}`, report) ?? [],
  );
  return { types, resources, groups };
}

/** An error that lists its problems has each of them told with its place, in the same list as all others. */
function problemsOf(error: WilcoError, path: string): Problem[] {
  const listed = isJsonObject(error.details) ? error.details["problems"] : undefined;
  const single = { path, message: messageOf(error).replace(/\.$/, ""), hint: error.hint };
  if (!Array.isArray(listed)) return [single];
  const problems = listed.filter((one) => isJsonObject(one) && typeof one["message"] === "string");
  return problems.length === 0
    ? [single]
    : (problems as unknown as Problem[]).map((one) => ({ ...one, hint: one.hint ?? undefined }));
}

/**
 * @param path prefix of the problems' paths; "" for a single resource.
 * @param evenIfWrong gives a draft without what was reported where that leaves enough to look for more problems: for
 *   those who refuse the whole after any report.
 * @returns undefined when something was reported.
 */
export function parseResource(
  name: string,
  value: unknown,
  path: string,
  report: Report,
  evenIfWrong?: "evenIfWrong",
): ResourceDraft | undefined {
  let good = true;
  const wrong = (key: string, message: string, hint?: string) => {
    good &&= evenIfWrong !== undefined && SIDE_KEYS.test(key);
    report(path === "" || key === "" ? `${path}${key}` : `${path}.${key}`, message, hint);
  };
  if (!RESOURCE_NAME.test(name))
    wrong("", `${JSON.stringify(name.slice(0, 80))} is not a name for a resource`, NAME_HINT);
  if (!isJsonObject(value)) {
    wrong("", "it must be an object with at least a type", `Write for example { type: http, connection: { … } }`);
    return undefined;
  }
  refuseUnknown(value, RESOURCE_KEYS, wrong);
  const text = (key: string, fits: (text: string) => boolean, hint: string, nullable: boolean) => {
    const given = value[key];
    if (given === undefined || (given === null && nullable)) return given;
    if (typeof given === "string" && fits(given)) return given;
    wrong(
      key,
      typeof given === "string" ? `${JSON.stringify(given.slice(0, 80))} can't be used here` : "it must be a text",
      hint,
    );
    return undefined;
  };
  const names = "Names are letters, digits, '.', '_' and '-', and start with a letter or digit.";
  const type = text("type", isName, names, false);
  if (value["type"] === undefined) {
    // Misspelt, it was told as the key that is unknown.
    const meant = (key: string) => !RESOURCE_KEYS.includes(key) && nearest(key, RESOURCE_KEYS) === "type";
    if (Object.keys(value).some(meant)) good = false;
    else wrong("type", "it is missing", "Say which resource type it is.");
  }
  const zone = text(
    "zone",
    (zoneName) => isName(zoneName) && zoneName !== "worker",
    `${names} "worker" is reserved.`,
    false,
  );
  const worker = text("worker", isName, names, true);
  const parent = text("parent", (parentName) => RESOURCE_NAME.test(parentName), NAME_HINT, true);
  const description = text(
    "description",
    (words) => words.length <= 4_000 && isStorable(words),
    "At most 4,000 characters, no NUL, no half of a character.",
    true,
  );
  const connection = value["connection"] ?? {};
  if (!isJsonObject(connection)) wrong("connection", "it must be an object", "Write for example { url: … }");
  const labels = parseLabels(value["labels"], wrong);
  const interval = (key: string) =>
    value[key] === undefined || value[key] === null
      ? null
      : attempt(
          () => parseInterval(value[key], "it"),
          (error) => wrong(key, error.message, error.hint),
        );
  const [checkEvery, metricsEvery] = [interval("checkEvery"), interval("metricsEvery")];
  const { enabled } = value;
  if (enabled !== undefined && typeof enabled !== "boolean") wrong("enabled", "it must be true or false");
  const takeFound = parseDiscovery(value["discovery"], wrong);
  if (!good) return undefined;
  return {
    name,
    path,
    type: type as string,
    zone: zone ?? DEFAULT_ZONE,
    worker,
    labels,
    parent: parent ?? null,
    description: description ?? null,
    connection: copyOfJson(connection as JsonObject),
    checkEvery: checkEvery ?? null,
    metricsEvery: metricsEvery ?? null,
    enabled: enabled as boolean | undefined,
    takeFound,
  };
}

/** `{ take: "type=docker-container" }`, or null for no rule. */
function parseDiscovery(
  value: unknown,
  wrong: (key: string, message: string, hint?: string) => void,
): string | null | undefined {
  if (value === undefined || value === null) return value;
  const take = isJsonObject(value) && Object.keys(value).every((key) => key === "take") ? value["take"] : undefined;
  if (typeof take !== "string" || !isStorable(take)) {
    wrong("discovery", "it must be an object with a selector", 'Write for example { take: "type=http,zone=eu" }');
    return undefined;
  }
  const selector = attempt(
    () => parseSelector(take),
    (error) => wrong("discovery.take", error.message, error.hint),
  );
  const term = selector?.terms.find(({ key, label }) => !label && (key === "group" || key === "worker"));
  if (term)
    wrong("discovery.take", `a finding has no ${term.key} to select by`, "Select by name, type, zone and labels.");
  return take;
}

function parseGroup(name: string, value: unknown, path: string, report: Report): GroupDraft | undefined {
  let good = true;
  const wrong = (key: string, message: string, hint?: string) => {
    good = false;
    report(key === "" ? path : `${path}.${key}`, message, hint);
  };
  if (!isName(name))
    wrong(
      "",
      `${JSON.stringify(name.slice(0, 80))} is not a name for a group`,
      "Names are letters, digits, '.', '_' and '-'.",
    );
  if (!isJsonObject(value)) {
    wrong("", "it must be an object with select, members or groups", 'Write for example { select: "tier=web" }');
    return undefined;
  }
  refuseUnknown(value, GROUP_KEYS, wrong);
  const { select, members, groups, description } = value;
  if ((select === undefined) === (members === undefined && groups === undefined)) {
    wrong(
      "",
      "it must have either select or members (and groups)",
      'Write for example { select: "tier=web" }, { members: [web-1, web-2] } or { groups: [web, db] }',
    );
  }
  if (select !== undefined) {
    if (typeof select !== "string" || !isStorable(select)) wrong("select", "it must be a text");
    else
      attempt(
        () => parseSelector(select),
        (error) => wrong("select", error.message, error.hint),
      );
  }
  const isList =
    Array.isArray(members) && members.every((member) => typeof member === "string" && RESOURCE_NAME.test(member));
  if (members !== undefined && !isList) wrong("members", "it must be a list of resource names");
  const areGroups = Array.isArray(groups) && groups.every((group) => typeof group === "string" && isName(group));
  if (groups !== undefined && !areGroups) wrong("groups", "it must be a list of group names");
  if (
    description !== undefined &&
    description !== null &&
    (typeof description !== "string" || !isStorable(description))
  ) {
    wrong("description", "it must be a text");
  }
  if (!good) return undefined;
  return {
    name,
    path,
    description: (description as string | null | undefined) ?? null,
    select: (select as string | undefined) ?? null,
    members: select === undefined ? [...new Set((members ?? []) as string[])] : null,
    groups: select === undefined ? [...new Set((groups ?? []) as string[])] : null,
  };
}

function refuseUnknown(
  value: JsonObject,
  known: string[],
  wrong: (key: string, message: string, hint?: string) => void,
): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) wrong(key, "it is not a key here", suggestion(key, known, "Keys"));
  }
}

function attempt<T>(run: () => T, failed: (error: WilcoError) => void): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    failed(error);
    return undefined;
  }
}
