/** What may stand after the dot of a value. */
import { ARRAY_MEMBERS, TEXT_MEMBERS } from "./language.ts";
import type { Snapshot } from "./names.ts";
import { propertiesOf } from "./schema.ts";
import {
  configurationMembers,
  ENTRY_MEMBERS,
  executionMembers,
  HANDLE_MEMBERS,
  HISTORY_MEMBERS,
  resourceMembers,
} from "./script-shapes.ts";
import type { Shape } from "./shapes.ts";

const PROMISE_MEMBERS = ["then", "catch", "finally"];

/** In the order in which they are shown; a resource's operations first. */
export function membersOf(shape: Shape | undefined, snapshot: Snapshot): string[] {
  switch (shape?.kind) {
    case "resource": {
      const members = Object.keys(resourceMembers(shape));
      return [...operationNames(shape.types, snapshot).filter((name) => !members.includes(name)), ...members];
    }
    case "configuration":
      return Object.keys(configurationMembers({}));
    case "operations":
      return operationNames(shape.types, snapshot);
    case "list":
      return [...shape.more, ...ARRAY_MEMBERS];
    case "execution":
      return [...Object.keys(executionMembers(shape)), ...PROMISE_MEMBERS];
    case "entry":
      return [...ENTRY_MEMBERS];
    case "handle":
      return Object.keys(HANDLE_MEMBERS);
    case "history":
      return Object.keys(HISTORY_MEMBERS);
    case "promise":
      return [...PROMISE_MEMBERS];
    case "json": {
      const types = [shape.schema["type"] ?? []].flat();
      if (types.includes("array")) return [...ARRAY_MEMBERS];
      return types.includes("string") ? [...TEXT_MEMBERS] : Object.keys(propertiesOf(shape.schema));
    }
    case "text":
      return [...TEXT_MEMBERS];
    case "members":
      return [...shape.members];
    default:
      return [];
  }
}

function operationNames(types: readonly string[], snapshot: Snapshot): string[] {
  return [...new Set(types.flatMap((type) => Object.keys(snapshot.types.get(type)?.operations ?? {})))].toSorted();
}
