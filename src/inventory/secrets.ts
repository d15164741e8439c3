/**
 * Connections at rest. What a schema marks `secret: true` is taken out, sealed in one piece and masked in place, so a
 * list of resources opens nothing, and a schema that later drops the mark does not lay the value open.
 */
import { copyOfJson, isSameJson, type Json, type JsonObject, type JsonSchema } from "../core/json.ts";
import { MASK } from "../core/masking.ts";
import { secretPaths, setAt, startsWith, valueAt, type Path } from "../domain/secret-paths.ts";
import type { Sealer } from "./sealer.ts";

interface Stored {
  /** The connection with masks where secrets were; a mask sent back in a change means "leave it as it is". */
  plain: JsonObject;
  /** Sealed JSON of `[path, value]` pairs, or null when there are none. */
  sealed: string | null;
}

/** The text for the `connection` column. */
export function protectConnection(schema: JsonSchema, connection: JsonObject, sealer: Sealer): string {
  return protectPaths(secretPaths(schema, connection), connection, sealer);
}

/**
 * What is stored, for a schema that marks more than it did; null when it marks nothing new. What was sealed stays so:
 * taking a mark out of a schema must not show old secrets to everyone who may read.
 */
export function sealMore(stored: string, schema: JsonSchema, sealer: Sealer): string | null {
  const before = sealedPaths(stored, sealer);
  const connection = openConnection(stored, sealer);
  const added = secretPaths(schema, connection).filter((path) => !before.some((known) => startsWith(path, known)));
  return added.length === 0 ? null : protectPaths([...before, ...added], connection, sealer);
}

/** Seals what is at these paths, whatever a schema says. */
export function protectPaths(paths: Path[], connection: JsonObject, sealer: Sealer): string {
  const secrets = paths.map((path) => [path, valueAt(connection, path)] as const);
  const stored: Stored = {
    plain: masked(connection, paths),
    sealed: secrets.length === 0 ? null : sealer.seal(JSON.stringify(secrets)),
  };
  return JSON.stringify(stored);
}

/** The connection with its secrets, for the worker that runs an operation. Never for an answer of the API. */
export function openConnection(stored: string, sealer: Sealer): JsonObject {
  return openWithSecrets(stored, sealer).connection;
}

/** The same, and the texts that are secret in it, for whoever has to mask them. */
export function openWithSecrets(stored: string, sealer: Sealer): { connection: JsonObject; secrets: string[] } {
  const { plain, sealed } = JSON.parse(stored) as Stored;
  if (sealed === null) return { connection: plain, secrets: [] };
  const values = JSON.parse(sealer.open(sealed)) as Array<[Path, Json]>;
  for (const [path, value] of values) setAt(plain, path, value);
  return { connection: plain, secrets: values.flatMap(([, value]) => textsIn(value)) };
}

/** Every text in a secret value, numbers as texts. */
export function textsIn(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The same with what is sealed in it sealed anew; null when nothing is. */
export function resealStored(stored: string, again: (sealed: string) => string): string | null {
  const value = JSON.parse(stored) as Stored;
  return value.sealed === null ? null : JSON.stringify({ ...value, sealed: again(value.sealed) } satisfies Stored);
}

/** Where a stored value has something sealed. */
export function sealedPaths(stored: string, sealer: Sealer): Path[] {
  const { sealed } = JSON.parse(stored) as Stored;
  return sealed === null ? [] : (JSON.parse(sealer.open(sealed)) as Array<[Path, Json]>).map(([path]) => path);
}

/** The connection as the API shows it. `schema` too, for values that became secret after they were stored. */
export function shownConnection(stored: string, schema: JsonSchema | undefined): JsonObject {
  const { plain } = JSON.parse(stored) as Stored;
  return schema ? masked(plain, secretPaths(schema, plain)) : plain;
}

/**
 * Whether this connection is what is stored, with the same of it sealed. Nothing is opened unless all that can be seen
 * is the same.
 */
export function isStoredConnection(
  stored: string,
  schema: JsonSchema,
  connection: JsonObject,
  opened: () => JsonObject | null,
): boolean {
  const { plain, sealed } = JSON.parse(stored) as Stored;
  const paths = secretPaths(schema, connection);
  if ((sealed === null) !== (paths.length === 0)) return false;
  if (!isSameJson(plain, masked(connection, paths))) return false;
  return sealed === null || isSameJson(opened(), connection);
}

/**
 * Puts the stored secrets back where `connection` has masks.
 * @param stored the text of the resource's column, or null for a new one. @param opened gives the same with secrets, or null
 *   when it can't be opened.
 * @returns the paths of masks that stand for nothing that may be put back: errors of the sender.
 */
export function restoreMasked(
  schema: JsonSchema,
  connection: JsonObject,
  stored: string | null,
  opened: () => JsonObject | null,
): Path[] {
  const missing: Path[] = [];
  const masks = maskedPaths(connection);
  if (masks.length === 0) return missing;
  const secret = secretPaths(schema, connection);
  const values = opened();
  for (const path of masks) {
    const isSecret = secret.some((one) => startsWith(path, one));
    const value = values === null ? undefined : valueAt(values, path);
    if (isSecret && value !== undefined) setAt(connection, path, value);
    // Asterisks that were never a mask are only asterisks.
    else if (isSecret || (stored !== null && valueAt((JSON.parse(stored) as Stored).plain, path) === MASK))
      missing.push(path);
  }
  return missing;
}

/** Where `value` has a mask. */
export function maskedPaths(value: Json, path: Path = []): Path[] {
  if (value === MASK) return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => maskedPaths(inner, [...path, key]));
}

function masked(connection: JsonObject, paths: Path[]): JsonObject {
  if (paths.length === 0) return connection;
  const copy = copyOfJson(connection);
  for (const path of paths) setAt(copy, path, MASK);
  return copy;
}
