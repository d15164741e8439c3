/** What an update makes of a known configuration: merged, checked against the type's schema, and sealed for keeping. */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject, type JsonObject, type JsonSchema } from "../core/json.ts";
import { createMasker, MASK } from "../core/masking.ts";
import {
  differences,
  mergePatch,
  patchedPaths,
  pathText,
  shownDifferences,
  type ConfigurationDifference,
} from "../domain/configuration.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { leavesOf, secretPaths, setAt, startsWith, valueAt, type Path } from "../domain/secret-paths.ts";
import type { Sealer } from "./sealer.ts";
import { openConnection, protectPaths, sealedPaths } from "./secrets.ts";

/** One of the first three; see `updateParameters`. */
export interface AskedChange {
  patch?: JsonObject;
  configuration?: JsonObject;
  rollback?: number;
  base?: number;
}

export interface PlanInput {
  resource: string;
  schema: JsonSchema;
  /** As stored; null with version 0. */
  known: { version: number; stored: string | null };
  asked: AskedChange;
  /** Values of the secret store that the caller has used: sealed wherever they stand. */
  used: readonly string[];
  /** Stored contents of the versions that `versionsNeeded` names. */
  versions: ReadonlyMap<number, string>;
  schemas: SchemaValidator;
  sealer: Sealer;
}

export interface PlannedConfiguration {
  content: JsonObject;
  /** For the column. */
  stored: string;
  /** Against what is known; empty = nothing to do. */
  changes: ConfigurationDifference[];
  rollbackOf: number | null;
}

/** What a call asks for, of parameters that its schema may not have seen yet. */
export function askedChange(parameters: Readonly<Record<string, unknown>>): AskedChange {
  const { patch, configuration, rollback, base } = parameters;
  return {
    ...(isJsonObject(patch) ? { patch } : {}),
    ...(isJsonObject(configuration) ? { configuration } : {}),
    ...(typeof rollback === "number" ? { rollback } : {}),
    ...(typeof base === "number" ? { base } : {}),
  };
}

export function versionsNeeded({ rollback, base }: AskedChange): number[] {
  return [rollback, base].filter((version) => version !== undefined && version > 0) as number[];
}

/** @throws WilcoError `invalid_parameters` with every path, `conflict` that names the keys. */
export function planConfiguration(input: PlanInput): PlannedConfiguration {
  const { resource, schema, known, asked, sealer } = input;
  const given = [asked.patch, asked.configuration, asked.rollback].filter((one) => one !== undefined);
  if (given.length !== 1) throw notOne(resource, given.length);
  const before = known.stored === null ? {} : openConnection(known.stored, sealer);
  requireUnchanged(input, before);
  const wanted = wantedOf(input, before);
  const sealedBefore = [
    ...(known.stored === null ? [] : sealedPaths(known.stored, sealer)),
    ...(asked.rollback === undefined ? [] : sealedPaths(versionOf(input, asked.rollback), sealer)),
  ];
  restoreMasks(input, wanted, before, sealedBefore);
  const content = input.schemas.parse(schema, wanted, {
    what: `configuration of ${resource}`,
    hint: `"wilco config get ${resource}" shows what it has now.`,
  });
  const masker = createMasker(input.used);
  const sealed = outermost([
    ...secretPaths(schema, content),
    ...sealedBefore.filter((path) => valueAt(content, path) !== undefined),
    ...(masker.idle
      ? []
      : leavesOf(content).filter((path) => masker.value(valueAt(content, path)) !== valueAt(content, path))),
  ]);
  const secret = [...sealed, ...sealedBefore, ...secretPaths(schema, before)];
  return {
    content,
    stored: protectPaths(sealed, content, sealer),
    changes: shownDifferences(differences(before, content), secret, MASK),
    rollbackOf: asked.rollback ?? null,
  };
}

function wantedOf(input: PlanInput, before: JsonObject): JsonObject {
  const { patch, configuration, rollback } = input.asked;
  if (patch !== undefined) return mergePatch(before, patch) as JsonObject;
  if (configuration !== undefined) return structuredClone(configuration);
  return openConnection(versionOf(input, rollback!), input.sealer);
}

function versionOf({ versions, resource, known }: PlanInput, version: number): string {
  const stored = versions.get(version);
  if (stored !== undefined) return stored;
  throw new WilcoError({
    code: "invalid_parameters",
    message: `${resource} has no version ${version} of its configuration`,
    hint: known.version === 0 ? "It has none yet." : `It has 1 to ${known.version}: wilco config history ${resource}`,
  });
}

/** Somebody else's newer change of the same keys would be undone by one who has not seen it. */
function requireUnchanged(input: PlanInput, before: JsonObject): void {
  const { asked, known, resource, sealer } = input;
  const { base } = asked;
  if (base === undefined || base === known.version) return;
  const then = base === 0 ? {} : openConnection(versionOf(input, base), sealer);
  const touched = asked.patch === undefined ? [[]] : patchedPaths(asked.patch);
  const keys = differences(then, before)
    .map(({ path }) => path)
    .filter((path) => touched.some((one) => startsWith(path, one) || startsWith(one, path)))
    .map(pathText);
  if (keys.length === 0) return;
  throw new WilcoError({
    code: "conflict",
    message: `The configuration of ${resource} was changed since version ${base}, at ${keys.map((key) => `"${key}"`).join(", ")}: it has version ${known.version} now`,
    hint: `Look at it (wilco config get ${resource}) and make the change anew on what it is now.`,
    details: { base, version: known.version, keys },
  });
}

/** A mask in the place of a secret means "as it is". */
function restoreMasks({ resource, schema }: PlanInput, wanted: JsonObject, before: JsonObject, sealed: Path[]): void {
  const secret = [...secretPaths(schema, wanted), ...sealed];
  for (const path of leavesOf(wanted)) {
    if (valueAt(wanted, path) !== MASK || !secret.some((one) => startsWith(path, one))) continue;
    const value = valueAt(before, path);
    if (value === undefined) throw nothingBehind(resource, path);
    setAt(wanted, path, value);
  }
}

function nothingBehind(resource: string, path: Path): WilcoError {
  return new WilcoError({
    code: "invalid_parameters",
    message: `"${pathText(path)}" in the configuration of ${resource} is a mask, and there is no known value that it stands for`,
    hint: "Write the value itself; it is sealed and never shown.",
  });
}

function notOne(resource: string, given: number): WilcoError {
  return new WilcoError({
    code: "invalid_parameters",
    message:
      given === 0
        ? `An update of the configuration of ${resource} says neither patch nor configuration nor rollback`
        : `An update of the configuration of ${resource} says more than one of patch, configuration and rollback`,
    hint: "Give one of them: patch is merged into what is known, configuration is the whole new one.",
  });
}

/** Without those that lie inside others, and each once. */
function outermost(paths: Path[]): Path[] {
  const sorted = paths.toSorted((a, b) => a.length - b.length);
  return sorted.filter((path, at) => !sorted.slice(0, at).some((outer) => startsWith(path, outer)));
}
