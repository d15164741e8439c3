/** Values as people read them, much as Node's util.inspect writes them, without colours. */

/** A method under this key (Node's own) gives a value's text, or another value to show instead. */
const CUSTOM = Symbol.for("nodejs.util.inspect.custom");

export interface InspectOptions {
  /** Levels of objects shown inside the outermost. Default 4. */
  depth?: number;
}

const DEFAULT_DEPTH = 4;
const MAX_ITEMS = 100;
const MAX_STRING = 10_000;
const WIDTH = 80;
const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

export function inspect(value: unknown, options: InspectOptions = {}): string {
  return show(value, { left: options.depth ?? DEFAULT_DEPTH, above: [], top: true });
}

interface Place {
  /** Levels still shown. */
  left: number;
  /** The objects that this one is inside of. */
  above: object[];
  top: boolean;
}

function show(value: unknown, place: Place): string {
  switch (typeof value) {
    case "string":
      return quote(value);
    case "bigint":
      return `${value}n`;
    case "symbol":
      return value.toString();
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "object":
      return value === null ? "null" : showObject(value, place);
    case "function":
      return showFunction(value as (...args: never[]) => unknown, place);
    default:
      return String(value);
  }
}

function quote(text: string): string {
  const cut = text.length > MAX_STRING ? text.slice(0, MAX_STRING) : text;
  const mark = !cut.includes("'") ? "'" : !cut.includes('"') ? '"' : !cut.includes("`") ? "`" : "'";
  const body = JSON.stringify(cut).slice(1, -1).replaceAll('\\"', '"');
  const quoted = mark + (mark === "'" ? body.replaceAll("'", "\\'") : body) + mark;
  return cut === text ? quoted : `${quoted}… ${text.length - cut.length} more characters`;
}

function showFunction(value: (...args: never[]) => unknown, place: Place): string {
  const isClass = /^class\b/.test(Function.prototype.toString.call(value));
  const head = `[${isClass ? "class" : "Function"}${value.name ? `${isClass ? " " : ": "}${value.name}` : isClass ? " (anonymous)" : " (anonymous)"}]`;
  const keys = Object.keys(value);
  return keys.length === 0 ? head : `${head} ${braced(propertiesOf(value, keys, inside(place, value)), "{", "}")}`;
}

function showObject(value: object, place: Place): string {
  if (place.above.includes(value)) return "[Circular]";
  const custom = customText(value, place);
  if (custom !== undefined) return custom;
  if (value instanceof Error) return showError(value, place);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Promise) return "Promise {}";
  const name = className(value);
  if (place.left < 0) return Array.isArray(value) ? "[Array]" : `[${name || "Object"}]`;
  const next = inside(place, value);
  if (Array.isArray(value)) return braced(listOf(value, value.length, next), "[", "]");
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const list = value as unknown as ArrayLike<unknown>;
    return `${name}(${list.length}) ${braced(listOf(list, list.length, next), "[", "]")}`;
  }
  if (value instanceof ArrayBuffer) return `ArrayBuffer { byteLength: ${value.byteLength} }`;
  if (value instanceof Map) {
    const items = [...value].slice(0, MAX_ITEMS).map(([key, item]) => `${show(key, next)} => ${show(item, next)}`);
    return `Map(${value.size}) ${braced(withRest(items, value.size), "{", "}")}`;
  }
  if (value instanceof Set) {
    const items = [...value].slice(0, MAX_ITEMS).map((item) => show(item, next));
    return `Set(${value.size}) ${braced(withRest(items, value.size), "{", "}")}`;
  }
  if (value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) return `${name} {}`;
  const boxed = boxedValue(value);
  if (boxed !== undefined) return `[${name}: ${show(boxed, next)}]`;
  const body = braced(propertiesOf(value, keysOf(value), next), "{", "}");
  return name === "Object" ? body : `${name || "[Object: null prototype]"} ${body}`;
}

function customText(value: object, place: Place): string | undefined {
  const method = (value as Record<symbol, unknown>)[CUSTOM];
  if (typeof method !== "function") return undefined;
  const shown: unknown = method.call(value, place.left, {}, inspect);
  return typeof shown === "string" ? shown : shown === value ? undefined : show(shown, inside(place, value));
}

function showError(error: Error, place: Place): string {
  const head = error.message === "" ? error.name : `${error.name}: ${error.message}`;
  if (!place.top) return `[${head}]`;
  const lines = [head];
  const { stack } = error as { stack?: unknown };
  const frames = (typeof stack === "string" ? stack : "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line) && !line.includes("wilco:"));
  lines.push(...frames.map((line) => `    ${line.trim()}`));
  const { hint } = error as { hint?: unknown };
  if (typeof hint === "string") lines.push(`  hint: ${hint}`);
  if (error.cause !== undefined) lines.push(`  cause: ${show(error.cause, inside(place, error))}`);
  return lines.join("\n");
}

function className(value: object): string {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === null) return "";
  const { constructor } = prototype as { constructor?: unknown };
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "Object";
}

function boxedValue(value: object): unknown {
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
  return undefined;
}

function keysOf(value: object): PropertyKey[] {
  const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key),
  );
  return [...Object.keys(value), ...symbols];
}

function listOf(list: ArrayLike<unknown>, length: number, place: Place): string[] {
  const items: string[] = [];
  for (let index = 0; index < Math.min(length, MAX_ITEMS); index++) {
    items.push(index in list ? show(list[index], place) : "<empty>");
  }
  return withRest(items, length);
}

/** Getters are named, not called: looking at a value must not do anything. */
function propertiesOf(value: object, keys: PropertyKey[], place: Place): string[] {
  const items = keys.slice(0, MAX_ITEMS).map((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    const label =
      typeof key === "symbol" ? key.toString() : PLAIN_KEY.test(String(key)) ? String(key) : quote(String(key));
    if (property?.get) return `${label}: ${property.set ? "[Getter/Setter]" : "[Getter]"}`;
    return `${label}: ${show(property?.value, place)}`;
  });
  return withRest(items, keys.length);
}

function withRest(items: string[], length: number): string[] {
  if (length > items.length) items.push(`… ${length - items.length} more`);
  return items;
}

function inside(place: Place, value: object): Place {
  return { left: place.left - 1, above: [...place.above, value], top: false };
}

function braced(items: string[], open: string, close: string): string {
  if (items.length === 0) return open + close;
  const line = `${open} ${items.join(", ")} ${close}`;
  if (line.length <= WIDTH && !line.includes("\n")) return line;
  const short = items.every((item) => item.length <= 6 && !item.includes("\n"));
  const rows = short ? rowsOf(items) : items;
  return `${open}\n${rows.map((row) => `  ${row.replaceAll("\n", "\n  ")}`).join(",\n")}\n${close}`;
}

/** Many short items (numbers) go several to a row. */
function rowsOf(items: string[]): string[] {
  const rows: string[] = [];
  for (let at = 0; at < items.length; at += 12) rows.push(items.slice(at, at + 12).join(", "));
  return rows;
}
