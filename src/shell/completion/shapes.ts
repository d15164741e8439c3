/** What completion knows of a value that nobody evaluated: enough to say what may stand after its dot. */
import type { JsonSchema } from "../../core/json.ts";

export type Shape =
  /** `types` empty: of any type. */
  | { kind: "resource"; types: readonly string[]; name?: string }
  | { kind: "operations"; types: readonly string[] }
  | { kind: "configuration"; types: readonly string[] }
  /** `more`: members besides those of every array. */
  | { kind: "list"; of: Shape | undefined; more: readonly string[] }
  | { kind: "execution"; result: JsonSchema | undefined }
  | { kind: "entry" }
  | { kind: "handle" }
  | { kind: "history" }
  | { kind: "promise"; of: Shape | undefined }
  | { kind: "call"; call: CallShape }
  /** What a JSON Schema describes. */
  | { kind: "json"; schema: JsonSchema }
  | { kind: "text" }
  | { kind: "members"; members: readonly string[] };

/** Something that can be called. */
export interface CallShape {
  name: string;
  /** An operation of these types; its parameters and result are those of the descriptors. */
  operation?: { types: readonly string[] };
  /** `waitUntil(target, poll?)` */
  signature: string;
  about: string;
  /** What each argument may be; null = anything. */
  args: ReadonlyArray<JsonSchema | null>;
  returns?: Shape | undefined;
}

export const ANY_RESOURCE: Shape = { kind: "resource", types: [] };
export const ENTRY: Shape = { kind: "entry" };

export function resourcesOf(types: readonly string[]): Shape {
  return { kind: "list", of: { kind: "resource", types }, more: ["batches"] };
}

export function entries(): Shape {
  return { kind: "list", of: ENTRY, more: ["chart"] };
}

export function promised(of: Shape | undefined): Shape {
  return { kind: "promise", of };
}
