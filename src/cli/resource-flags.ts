/** Flags of `wilco resources add` and `edit` as a patch of the resource. */
import { WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { ResourcePatch } from "../protocol/messages.ts";
import type { ParameterAssignment, RawParameters } from "./parameters.ts";

export interface ResourceFlags {
  zone?: string;
  worker?: string;
  parent?: string;
  description?: string;
  /** `k=v`, or `k-` to take it away. */
  label?: string[];
  /** As parameters: `k=v`, `k:=JSON`, `k=@FILE`, `k=@env:NAME`, `k=@secret:NAME`. */
  connection?: string[];
  checkEvery?: string;
  metricsEvery?: string;
}

/** The word that takes a value of a single flag away. */
const NONE = "none";
const NULLABLE = ["worker", "parent", "description"] as const;
/** What a resource has of its type when it says nothing. */
const OF_TYPE = "default";

/** All but the connection. @throws WilcoError `invalid_request`. */
export function patchOfFlags(flags: ResourceFlags): ResourcePatch {
  const patch: ResourcePatch = {};
  if (flags.zone !== undefined) patch.zone = flags.zone;
  for (const key of NULLABLE) {
    const value = flags[key];
    if (value !== undefined) patch[key] = value === NONE ? null : value;
  }
  for (const key of ["checkEvery", "metricsEvery"] as const) {
    const value = flags[key];
    if (value !== undefined) patch[key] = value === OF_TYPE ? null : value;
  }
  if (flags.label) patch.labels = Object.fromEntries(flags.label.map(labelOf));
  return patch;
}

function labelOf(text: string): [string, string | null] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  if (at < 0 && text.length > 1 && text.endsWith("-")) return [text.slice(0, -1), null];
  throw new WilcoError({
    code: "invalid_request",
    message: `--label ${JSON.stringify(text)} is neither a label nor one to take away`,
    hint: "Write --label tier=web, or --label tier- to take it away.",
  });
}

/** The connection's keys that the flags name, converted by the type's schema; null takes one away. */
export async function connectionOf(
  raw: RawParameters,
  type: ResourceTypeDescriptor,
  reveal: (name: string) => Promise<string>,
): Promise<JsonObject> {
  const { convertParameters, fillInSecrets } = await import("./parameters.ts");
  const removed = (one: ParameterAssignment) => one.source === "json" && one.text.trim() === "null";
  const kept = raw.assignments.filter((one) => !removed(one));
  const filled = await fillInSecrets({ ...raw, assignments: kept }, reveal);
  const connection = convertParameters(filled.raw, type.name, {
    name: "connection",
    parameters: type.connection,
    argv: null,
  });
  for (const { name } of raw.assignments.filter(removed)) connection[name] = null;
  return connection;
}
