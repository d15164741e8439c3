/** The configuration of a resource: how patches are merged, what differs between two, and what a call may ask for. */
import { canonicalJson, isJsonObject, type Json, type JsonObject, type JsonSchema } from "../core/json.ts";
import { secretPaths, startsWith, type Path } from "./secret-paths.ts";

export const READ_CONFIGURATION = "readConfiguration";
export const UPDATE_CONFIGURATION = "updateConfiguration";

/** One place in which two configurations differ: `before` is missing where it was added, `after` where it was removed. */
export interface ConfigurationDifference {
  /** "env.PORT", "args[0]"; "" is the whole. */
  path: string;
  before?: Json;
  after?: Json;
}

/** In what a resource says of itself: a secret that is not the one that is known. */
export const OTHER_SECRET = "******** (not the known one)";

/** What is known of a resource's configuration. Secret values are masked. */
export interface KnownConfiguration {
  resource: string;
  /** 0 = nothing was ever set through wilco. */
  version: number;
  /** null with version 0. */
  configuration: JsonObject | null;
  /** Who wrote the version, when (ISO), and the entry that did; null with version 0. */
  author: string | null;
  at: string | null;
  entry: number | null;
}

/** One version in a resource's history. Secret values are masked, in the differences too. */
export interface ConfigurationVersion {
  version: number;
  author: string;
  /** ISO. */
  at: string;
  /** The entry that wrote it. */
  entry: number | null;
  note: string | null;
  /** The version whose content this one has again, after a rollback. */
  rollbackOf: number | null;
  /** From the version before. */
  changes: ConfigurationDifference[];
}

/** The result of an entry that updated a configuration. */
export interface ConfigurationUpdated {
  /** The version that holds since; the one before when nothing was changed. */
  version: number;
  changes: ConfigurationDifference[];
  /** false: the type has no readConfiguration, so its handler's word is all there is. */
  verified: boolean;
  /** What the type's handler returned. */
  result: Json;
}

/** JSON merge patch (RFC 7396): objects are merged, null removes a key, everything else replaces what was there. */
export function mergePatch(base: Json, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const merged = new Map(Object.entries(isJsonObject(base) ? base : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key) ?? null, value));
  }
  // fromEntries makes a key of "__proto__" too, where an assignment would not.
  return Object.fromEntries(merged);
}

/** A difference with its place as keys. */
export interface Difference {
  path: Path;
  before: Json | undefined;
  after: Json | undefined;
}

/** Where two configurations differ, down to the smallest part; empty when they are equal. */
export function differences(before: Json | undefined, after: Json | undefined, path: Path = []): Difference[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(own(before, key), own(after, key), [...path, key]));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, at) => differences(before[at], after[at], [...path, String(at)])).flat();
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ path, before, after }];
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/**
 * Differences as they are shown: what is at or below a secret place is masked, and told once.
 * @param secret places with secrets, of both sides.
 */
export function shownDifferences(found: readonly Difference[], secret: readonly Path[], mask: string) {
  const shown = new Map<string, ConfigurationDifference>();
  for (const { path, before, after } of found) {
    const place = secret.find((one) => startsWith(path, one) || startsWith(one, path));
    const text = pathText(place && place.length < path.length ? place : path);
    const show = (value: Json | undefined) => (value === undefined || !place ? value : mask);
    const difference: ConfigurationDifference = { path: text };
    if (before !== undefined) difference.before = show(before)!;
    if (after !== undefined) difference.after = show(after)!;
    shown.set(text, { ...shown.get(text), ...difference });
  }
  return [...shown.values()];
}

export function pathText(path: Path): string {
  return path.reduce((text, key) => {
    if (/^\d+$/.test(key) && text !== "") return `${text}[${key}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** The leaves that a patch sets or removes. */
export function patchedPaths(patch: Json, path: Path = []): Path[] {
  if (!isJsonObject(patch) || Object.keys(patch).length === 0) return [path];
  return Object.entries(patch).flatMap(([key, value]) => patchedPaths(value, [...path, key]));
}

/**
 * The part of what a resource says that its schema speaks of: what a closed schema does not declare is not its
 * configuration, however much a read brings along.
 */
export function declaredPart(schema: JsonSchema, value: Json): Json {
  const properties = schema["properties"];
  if (!isJsonObject(value) || !isJsonObject(properties)) return value;
  const closed = schema["additionalProperties"] === false && schema["patternProperties"] === undefined;
  const kept = Object.entries(value).flatMap(([key, inner]): Array<[string, Json]> => {
    const declared = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (isJsonObject(declared)) return [[key, declaredPart(declared, inner)]];
    return closed ? [] : [[key, inner]];
  });
  return Object.fromEntries(kept);
}

/** Places with secrets of either value. */
export function secretPlaces(schema: JsonSchema, ...values: Array<Json | undefined>): Path[] {
  return values.flatMap((value) => (value === undefined ? [] : secretPaths(schema, value)));
}

/**
 * The parameters of every type's `updateConfiguration`, which wilco fills in itself: one of `patch`, `configuration`
 * and `rollback`. What its handler gets is `configuration` alone, the whole new one.
 */
export function updateParameters(configuration: JsonSchema): JsonSchema {
  return {
    type: "object",
    properties: {
      patch: {
        type: "object",
        description: "merged into what is known when it runs; null removes a key",
        // Any object is a patch; the second branch is there for its marks of what is secret.
        anyOf: [{}, placed(configuration, "#/properties/patch/anyOf/1", true)],
      },
      configuration: {
        description: "the whole new one",
        ...placed(configuration, "#/properties/configuration", false),
      },
      rollback: { type: "integer", minimum: 1, description: "the version whose content it is to have again" },
      base: { type: "integer", minimum: 0, description: "refused when a newer version has changed the same keys" },
    },
    additionalProperties: false,
  };
}

const SCHEMA_MAPS = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/** The schema as a part of another: its references follow it there. @param open without defaults, which a patch has none of. */
function placed(schema: JsonSchema, place: string, open: boolean): JsonSchema {
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map((one: unknown) => inside(one));
    return isJsonObject(value) ? placed(value, place, open) : value;
  };
  const parts = Object.entries(schema).flatMap(([keyword, value]): Array<[string, unknown]> => {
    if (keyword === "default") return open ? [] : [[keyword, value]];
    if (keyword === "enum" || keyword === "const" || keyword === "examples") return [[keyword, value]];
    if (keyword === "$ref" && typeof value === "string" && value.startsWith("#"))
      return [[keyword, place + value.slice(1)]];
    if (SCHEMA_MAPS.includes(keyword) && isJsonObject(value)) {
      return [[keyword, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inside(one)]))]];
    }
    return [[keyword, inside(value)]];
  });
  return Object.fromEntries(parts);
}
