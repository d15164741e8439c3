/**
 * A value of the VM as bounded plain data, for a shell to print: the value itself never leaves the VM. Made by
 * describe-value.ts. What is cut says so by its numbers: fewer `items` than `length`, a `text` shorter than `length`.
 */
import type { Entry } from "../../domain/entry.ts";
import type { Resource } from "../../domain/resource.ts";
import type { Status } from "../../domain/status.ts";
import type { ScriptError } from "./wire.ts";

/** The data that a resource proxy shows. */
export type ResourceData = Pick<
  Resource,
  "id" | "name" | "type" | "zone" | "worker" | "labels" | "parent" | "availability"
>;

export type ValueDescription =
  | { kind: "undefined" }
  | { kind: "null" }
  | { kind: "boolean"; value: boolean }
  /** "42", "-0", "NaN", "Infinity" */
  | { kind: "number"; text: string }
  /** "42n" */
  | { kind: "bigint"; text: string }
  /** `length` is that of the whole string. */
  | { kind: "string"; text: string; length: number }
  /** "Symbol(name)" */
  | { kind: "symbol"; text: string }
  /** `name` may be empty. */
  | { kind: "function"; name: string; class: boolean }
  /** null: an invalid date. */
  | { kind: "date"; iso: string | null }
  | { kind: "regexp"; text: string }
  | { kind: "promise" }
  /** Arrays and typed arrays; `name` is the class: "Array", "Float64Array". Holes are `{ kind: "hole" }`. */
  | { kind: "array"; name: string; length: number; items: ValueDescription[] }
  | { kind: "hole" }
  /** `name` is the class, "Object" for plain ones, "" without a prototype. `size` counts all properties. */
  | { kind: "object"; name: string; size: number; properties: Array<[key: string, value: ValueDescription]> }
  | { kind: "map"; size: number; entries: Array<[key: ValueDescription, value: ValueDescription]> }
  | { kind: "set"; size: number; items: ValueDescription[] }
  /** An accessor: looking at a value never calls one. */
  | { kind: "getter" }
  /** Too deep to be shown: "Object", "Array(12)", the class's name. */
  | { kind: "folded"; text: string }
  | { kind: "circular" }
  /** A text that the value's own class gives (`nodejs.util.inspect.custom`). */
  | { kind: "custom"; text: string }
  /** A resource proxy. */
  | { kind: "resource"; data: ResourceData; operations: string[] }
  | { kind: "execution"; subject: string; id: number | null; status: Status | null; location: string | null }
  /** An audit entry: anything that has the shape of one. The shell adds the last lines that its operation wrote. */
  | { kind: "entry"; entry: Entry; lastOutput?: string }
  /** `lastOutput`: the last lines of the operation whose failure it is; "" when there are none. */
  | { kind: "error"; error: ScriptError; lastOutput: string }
  /** What `.chart()` gives. */
  | { kind: "chart"; style: "bars" | "sparkline"; points: Array<{ label: string; value: number }> };

/** A name that lines of the shell declared, for completion: what it holds, without evaluating anything. */
export interface Variable {
  name: string;
  holds:
    | { kind: "resource"; type: string; name: string }
    /** A list of resources; their types. */
    | { kind: "resources"; types: string[] }
    | { kind: "execution" }
    | { kind: "entry" }
    /** Own property names, methods of its class included; at most 200. */
    | { kind: "other"; members: string[] };
}
