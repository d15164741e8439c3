/**
 * Describes a value as bounded plain data, inside the VM: reading a hostile value may run its code, which the VM's own
 * limits end. Accessors are never called, except those of wilco's own classes.
 */
import { Chart } from "../../client/chart.ts";
import { ENTRY_KINDS, type Entry } from "../../domain/entry.ts";
import { STATUSES } from "../../domain/status.ts";
import { ENTRY, RESOURCE } from "./value-shapes.ts";
import { describeError } from "./describe.ts";
import type { ResourceData, ValueDescription } from "./value-description.ts";

const MAX_DEPTH = 5;
/** Items of the outermost list, and of those inside. */
const MAX_ITEMS = 1_000;
const MAX_INNER_ITEMS = 100;
const MAX_TEXT = 10_000;
/** Descriptions in all: what is beyond is folded. */
const MAX_VALUES = 20_000;
/** Characters of an entry's JSON; beyond it its result and parameters are left out, and say so. */
const MAX_ENTRY = 64 * 1024;
const CUSTOM = Symbol.for("nodejs.util.inspect.custom");
const RESOURCE_KEYS = ["id", "name", "type", "zone", "worker", "labels", "parent", "availability"] as const;

/** Values left in all, shared by one description. */
interface Budget {
  left: number;
}

export function describeValue(value: unknown): ValueDescription {
  return describe(value, [], { left: MAX_VALUES });
}

function describe(value: unknown, above: readonly object[], budget: Budget): ValueDescription {
  switch (typeof value) {
    case "undefined":
      return { kind: "undefined" };
    case "boolean":
      return { kind: "boolean", value };
    case "number":
      return { kind: "number", text: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { kind: "bigint", text: `${String(value).slice(0, MAX_TEXT)}n` };
    case "string":
      return { kind: "string", text: value.slice(0, MAX_TEXT), length: value.length };
    case "symbol":
      return { kind: "symbol", text: value.toString().slice(0, MAX_TEXT) };
    case "function":
      return describeFunction(value as () => unknown);
    default:
      return value === null ? { kind: "null" } : describeSafely(value as object, above, budget);
  }
}

/** A proxy's traps, and methods that a class gives for printing, throw what they like. */
function describeSafely(value: object, above: readonly object[], budget: Budget): ValueDescription {
  try {
    return describeObject(value, above, budget);
  } catch {
    return { kind: "folded", text: "A value that can't be read" };
  }
}

function describeFunction(value: () => unknown): ValueDescription {
  const name: unknown = Object.getOwnPropertyDescriptor(value, "name")?.value;
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  return { kind: "function", name: typeof name === "string" ? name.slice(0, 200) : "", class: isClass };
}

function describeObject(value: object, above: readonly object[], budget: Budget): ValueDescription {
  if (above.includes(value)) return { kind: "circular" };
  budget.left--;
  const known = describeOwn(value);
  if (known) return known;
  if (value instanceof Error) {
    const { lastOutput } = value as { lastOutput?: unknown };
    return { kind: "error", error: describeError(value), lastOutput: typeof lastOutput === "string" ? lastOutput : "" };
  }
  if (value instanceof Date) {
    return { kind: "date", iso: Number.isNaN(Date.prototype.getTime.call(value)) ? null : value.toISOString() };
  }
  if (value instanceof RegExp) return { kind: "regexp", text: String(value).slice(0, MAX_TEXT) };
  if (value instanceof Promise) return { kind: "promise" };
  const name = classNameOf(value);
  if (above.length >= MAX_DEPTH || budget.left <= 0) return { kind: "folded", text: foldedText(value, name) };
  const inside = [...above, value];
  const most = above.length === 0 ? MAX_ITEMS : MAX_INNER_ITEMS;
  if (Array.isArray(value)) return { kind: "array", ...itemsOf(value, name, most, inside, budget) };
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return { kind: "array", ...itemsOf(value as unknown as ArrayLike<unknown>, name, most, inside, budget) };
  }
  if (value instanceof Map) {
    const entries = firstOf(value, most).map(([key, item]): [ValueDescription, ValueDescription] => [
      describe(key, inside, budget),
      describe(item, inside, budget),
    ]);
    return { kind: "map", size: value.size, entries };
  }
  if (value instanceof Set) {
    return { kind: "set", size: value.size, items: firstOf(value, most).map((item) => describe(item, inside, budget)) };
  }
  return customText(value) ?? describeProperties(value, name, most, inside, budget);
}

/** The things of wilco's own. */
function describeOwn(value: object): ValueDescription | undefined {
  if (value instanceof Chart) {
    return {
      kind: "chart",
      style: value.style,
      points: value.points.slice(0, MAX_ITEMS).map((point) => ({ ...point })),
    };
  }
  if (isResource(value)) {
    const data = Object.fromEntries(RESOURCE_KEYS.map((key) => [key, value[key]])) as unknown as ResourceData;
    return RESOURCE(data, "") === undefined
      ? { kind: "resource", data, operations: Object.keys(value.operations) }
      : undefined;
  }
  if (isExecution(value)) {
    const { subject, id = null, status = null, location = null } = value;
    return { kind: "execution", subject, id, status, location } as ValueDescription;
  }
  const entry = isEntry(value) ? entryCopy(value) : undefined;
  // What only resembles one is shown as the object that it is.
  return entry && ENTRY(entry, "") === undefined ? { kind: "entry", entry } : undefined;
}

function describeProperties(
  value: object,
  name: string,
  most: number,
  above: readonly object[],
  budget: Budget,
): ValueDescription {
  const keys = [
    ...Object.keys(value),
    ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)),
  ];
  const properties = keys.slice(0, most).map((key): [string, ValueDescription] => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const shown: ValueDescription =
      property?.get || property?.set ? { kind: "getter" } : describe(property?.value, above, budget);
    return [typeof key === "symbol" ? `[${key.toString()}]` : key.slice(0, 1_000), shown];
  });
  return { kind: "object", name, size: keys.length, properties };
}

function itemsOf(list: ArrayLike<unknown>, name: string, most: number, above: readonly object[], budget: Budget) {
  const items: ValueDescription[] = [];
  for (let index = 0; index < Math.min(list.length, most); index++) {
    const property = Object.getOwnPropertyDescriptor(list, index);
    if (!property) items.push({ kind: "hole" });
    else items.push(property.get ? { kind: "getter" } : describe(property.value, above, budget));
  }
  return { name, length: list.length, items };
}

/** A class of wilco's own prints by a method; that of anybody else is honoured too, as Node does. */
function customText(value: object): ValueDescription | undefined {
  const method = (value as Record<symbol, unknown>)[CUSTOM];
  if (typeof method !== "function") return undefined;
  const text: unknown = method.call(value, MAX_DEPTH, {}, (inner: unknown) => String(inner));
  return typeof text === "string" ? { kind: "custom", text: text.slice(0, MAX_TEXT) } : undefined;
}

function firstOf<T>(items: Iterable<T>, most: number): T[] {
  const list: T[] = [];
  for (const item of items) {
    if (list.length >= most) break;
    list.push(item);
  }
  return list;
}

function foldedText(value: object, name: string): string {
  if (Array.isArray(value)) return `Array(${value.length})`;
  return name === "" ? "Object" : name;
}

function classNameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return "";
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof maker === "function" && maker.name !== "" ? maker.name.slice(0, 200) : "Object";
}

export type AnyResource = ResourceData & { operations: object };

/** By the members that its prototypes have: no code of the value runs. */
export function isResource(value: object): value is AnyResource {
  return Object.hasOwn(value, "availability") && inherits(value, ["waitUntil", "operations"]);
}

export function isExecution(
  value: object,
): value is { subject: string; id?: number; status?: string; location?: string } {
  return inherits(value, ["submitted", "outcome", "detach"]);
}

function inherits(value: object, names: readonly string[]): boolean {
  let prototype = Object.getPrototypeOf(value) as object | null;
  for (let depth = 0; prototype !== null && depth < 4; depth++) {
    const at = prototype;
    if (names.every((name) => Object.hasOwn(at, name))) return true;
    prototype = Object.getPrototypeOf(at) as object | null;
  }
  return false;
}

export function isEntry(value: object): value is Entry {
  const own = (key: string): unknown => Object.getOwnPropertyDescriptor(value, key)?.value;
  return (
    (ENTRY_KINDS as readonly unknown[]).includes(own("kind")) &&
    (STATUSES as readonly unknown[]).includes(own("status")) &&
    typeof own("id") === "number" &&
    typeof own("lastEvent") === "number"
  );
}

function entryCopy(entry: Entry): Entry {
  const json = JSON.stringify(entry);
  const copy = JSON.parse(json) as Entry;
  if (json.length <= MAX_ENTRY) return copy;
  const parameters = { "…": "too large to show: see _.parameters" };
  return { ...copy, parameters, result: copy.result === null ? null : "(too large to show: see _.result)" };
}
