/**
 * What the guest says that a value or a variable looks like, checked node by node: what prints it may rely on its type.
 * A part that makes no sense is folded; the rest of the value is still shown.
 */
import { STATUSES } from "../domain/status.ts";
import { either, fields, flag, list, number, one, text, whole, type Check } from "./guest/checks.ts";
import { asObject, readScriptError } from "./guest-errors.ts";
import type { ValueDescription, Variable } from "./guest/value-description.ts";
import { ENTRY, RESOURCE } from "./guest/value-shapes.ts";

/** Deeper than the guest describes anything. */
const MAX_DEPTH = 12;
const MAX_TEXT = 64 * 1024;
const MAX_ITEMS = 1_000;
const MAX_VARIABLES = 500;
const UNREADABLE: ValueDescription = Object.freeze({ kind: "folded", text: "A value that can't be read" });

const words = text(MAX_TEXT);
const size = whole(0, Number.MAX_SAFE_INTEGER);

/** The kinds that hold no other value. */
const PLAIN: Readonly<Record<string, Check>> = {
  undefined: fields({}),
  null: fields({}),
  boolean: fields({ value: flag }),
  number: fields({ text: words }),
  bigint: fields({ text: words }),
  string: fields({ text: words, length: size }),
  symbol: fields({ text: words }),
  function: fields({ name: words, class: flag }),
  date: fields({ iso: either(one(null), words) }),
  regexp: fields({ text: words }),
  promise: fields({}),
  hole: fields({}),
  getter: fields({}),
  folded: fields({ text: words }),
  circular: fields({}),
  custom: fields({ text: words }),
  resource: fields({ data: RESOURCE, operations: list(words, 10_000) }),
  execution: fields({
    subject: words,
    id: either(one(null), size),
    status: one(null, ...STATUSES),
    location: either(one(null), words),
  }),
  entry: fields({ entry: ENTRY }),
  chart: fields({
    style: one("bars", "sparkline"),
    points: list(fields({ label: words, value: number(-Infinity, Infinity) }), MAX_ITEMS),
  }),
};

/** Undefined when it is no description at all. */
export function readDescription(value: unknown): ValueDescription | undefined {
  return typeof asObject(value)?.["kind"] === "string" ? read(value, 0) : undefined;
}

export function readVariables(value: unknown): Variable[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_VARIABLES).filter((one) => VARIABLE(one, "") === undefined) as Variable[];
}

const texts = list(words, MAX_ITEMS);
const VARIABLE = fields({
  name: words,
  holds: either(
    fields({ kind: one("resource"), type: words, name: words }),
    fields({ kind: one("resources"), types: texts }),
    fields({ kind: one("execution", "entry") }),
    fields({ kind: one("other"), members: texts }),
  ),
});

function read(value: unknown, depth: number): ValueDescription {
  const node = asObject(value);
  const kind = node?.["kind"];
  if (!node || typeof kind !== "string" || depth > MAX_DEPTH) return UNREADABLE;
  if (Object.hasOwn(PLAIN, kind)) {
    return PLAIN[kind]!(node, "") === undefined ? (node as ValueDescription) : UNREADABLE;
  }
  switch (kind) {
    case "error": {
      const lastOutput = typeof node["lastOutput"] === "string" ? node["lastOutput"] : "";
      return { kind, error: readScriptError(node["error"]), lastOutput };
    }
    case "array":
      return LISTED(node, "") === undefined
        ? { kind, name: node["name"] as string, length: node["length"] as number, items: items(node["items"], depth) }
        : UNREADABLE;
    case "set":
      return SIZED(node, "") === undefined
        ? { kind, size: node["size"] as number, items: items(node["items"], depth) }
        : UNREADABLE;
    case "map":
      return SIZED(node, "") === undefined
        ? { kind, size: node["size"] as number, entries: pairs(node["entries"]).map((pair) => both(pair, depth)) }
        : UNREADABLE;
    case "object":
      return SIZED(node, "") === undefined && words(node["name"], "") === undefined
        ? {
            kind,
            name: node["name"] as string,
            size: node["size"] as number,
            properties: pairs(node["properties"]).map(([key, one]) => [String(key), read(one, depth + 1)]),
          }
        : UNREADABLE;
    default:
      return UNREADABLE;
  }
}

const SIZED = fields({ size });
const LISTED = fields({ name: words, length: size });

function items(value: unknown, depth: number): ValueDescription[] {
  return Array.isArray(value) ? value.slice(0, MAX_ITEMS).map((one) => read(one, depth + 1)) : [];
}

function pairs(value: unknown): Array<[unknown, unknown]> {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_ITEMS).filter((one): one is [unknown, unknown] => Array.isArray(one) && one.length === 2);
}

function both([key, value]: [unknown, unknown], depth: number): [ValueDescription, ValueDescription] {
  return [read(key, depth + 1), read(value, depth + 1)];
}
