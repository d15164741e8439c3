/** Which argument of which call the cursor is in, and what that argument's schema says of the place. */
import type { JsonSchema } from "../../core/json.ts";
import { OPTIONS } from "./call-schemas.ts";
import type { Cursor, Frame } from "./cursor.ts";
import { operationsNamed, type Inference } from "./inference.ts";
import type { Snapshot } from "./names.ts";
import { schemaAt } from "./schema.ts";
import type { CallShape } from "./shapes.ts";

export interface Place {
  call: CallShape;
  /** From 0. */
  argument: number;
  /** Keys from the argument to the cursor; "[]" for a list. */
  path: string[];
  /** Of what stands at the path. */
  schema: JsonSchema | undefined;
  /** The object whose key is being typed; undefined where a value is. */
  keysOf: Frame | undefined;
}

/** @returns undefined outside of every known call. */
export function placeOf(cursor: Cursor, inference: Inference, snapshot: Snapshot): Place | undefined {
  const { frames } = cursor;
  /** Innermost first. */
  const keys: string[] = [];
  let keysOf: Frame | undefined;
  for (let at = frames.length - 1; at >= 0; at--) {
    const frame = frames[at]!;
    if (frame.sign === "(") {
      const call = inference.calleeOf(frame.at);
      if (!call) return undefined;
      const argument = frame.commas;
      const path = keys.toReversed();
      const schema = argumentSchema(call, argument, snapshot);
      return { call, argument, path, schema: schema && schemaAt(schema, path), keysOf };
    }
    if (frame.sign === "[") keys.push("[]");
    else if (!frame.object) return undefined;
    else if (frame.key !== undefined) keys.push(frame.key);
    else if (at === frames.length - 1) keysOf = frame;
    else return undefined;
  }
  return undefined;
}

function argumentSchema(call: CallShape, argument: number, snapshot: Snapshot): JsonSchema | undefined {
  if (!call.operation) return call.args[argument] ?? undefined;
  if (argument === 1) return OPTIONS;
  if (argument > 1) return undefined;
  const schemas = operationsNamed(snapshot, call.operation.types, call.name).map((operation) => operation.parameters);
  return schemas.length === 1 ? schemas[0] : { type: "object", anyOf: schemas };
}
