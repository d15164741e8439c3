/** Turns the description of a value into what a person sees. */
import { isJsonObject } from "../../core/json.ts";
import type { ValueDescription } from "../../sandbox/guest/value-description.ts";
import type { Writer, WriterOptions } from "../ports.ts";
import { renderChart } from "./chart.ts";
import { renderEntries, renderEntry, renderExecution, renderExecutions, type EntryOptions } from "./entry.ts";
import { renderError } from "./error.ts";
import { createPaint, type Paint } from "./paint.ts";
import { toJson } from "./raw.ts";
import { renderRows, rowsOf } from "./records.ts";
import { renderResource, renderResources } from "./resource.ts";
import { renderTree } from "./tree.ts";

type Kind<K extends ValueDescription["kind"]> = Extract<ValueDescription, { kind: K }>;

/** Rows, items and properties shown on a terminal; a file or pipe gets all that was described. */
const MOST_ON_SCREEN = 100;

/** @param options.now ms since 1970, for relative times. Default Date.now. */
export function createWriter(options: WriterOptions & { now?: () => number }): Writer {
  const { columns, color, utc = false, sourceOf = () => undefined, now = Date.now } = options;
  const paint = createPaint(color);

  function write(input: ValueDescription): string {
    const width = Math.max(1, columns());
    const value = width === Infinity ? input : forScreen(input);
    const settings: EntryOptions = { width, paint, utc, now: now() };
    switch (value.kind) {
      case "resource":
        return renderResource(value.data, value.operations, settings);
      case "entry":
        return renderEntry(value.entry, settings, value.lastOutput);
      case "execution":
        return renderExecution(value, paint);
      case "error":
        return renderError(value.error, value.lastOutput, { width, paint, sourceOf });
      case "chart":
        return renderChart(value, width, paint);
      case "array":
        return tableOf(value, settings) ?? renderTree(value, settings);
      default:
        // A block of text begins with the line break that parts it from its key.
        return renderTree(value, settings).replace(/^\n/, "");
    }
  }

  return (value) => {
    try {
      return write(value);
    } catch {
      // Something of the user's own that has an entry's main fields, but not all of them.
      const given: unknown = value;
      if (isJsonObject(given) && given["kind"] === "entry") return toJson(given["entry"]);
      // A description comes out of the sandbox: a script that found a way to forge one must not end the shell.
      return "(a value that can't be shown)";
    }
  };
}

/** The outermost lists are described at more length than one looks at. */
function forScreen(value: ValueDescription): ValueDescription {
  switch (value.kind) {
    case "array":
    case "set":
      return { ...value, items: value.items.slice(0, MOST_ON_SCREEN) };
    case "object":
      return { ...value, properties: value.properties.slice(0, MOST_ON_SCREEN) };
    case "map":
      return { ...value, entries: value.entries.slice(0, MOST_ON_SCREEN) };
    default:
      return value;
  }
}

/** Lists of one kind of thing, as a table with their number below; undefined for other lists. */
function tableOf(list: Kind<"array">, settings: EntryOptions): string | undefined {
  const { items, length } = list;
  const { width, paint } = settings;
  if (items.length === 0) return undefined;
  const resources = all(items, "resource");
  if (resources) {
    const table = renderResources(
      resources.map((one) => one.data),
      settings,
    );
    return withCount(table, resources.length, length, "resource", "resources", paint);
  }
  const entries = all(items, "entry");
  if (entries) {
    const table = renderEntries(
      entries.map((one) => one.entry),
      settings,
    );
    return withCount(table, entries.length, length, "entry", "entries", paint);
  }
  const executions = all(items, "execution");
  if (executions) {
    const table = renderExecutions(executions, width, paint);
    return withCount(table, executions.length, length, "execution", "executions", paint);
  }
  const rows = rowsOf(items);
  return rows && withCount(renderRows(rows, width, paint), rows.length, length, "row", "rows", paint);
}

function all<K extends ValueDescription["kind"]>(items: readonly ValueDescription[], kind: K): Kind<K>[] | undefined {
  const found = items.filter((item): item is Kind<K> => item.kind === kind);
  return found.length === items.length ? found : undefined;
}

function withCount(table: string, shown: number, length: number, one: string, many: string, paint: Paint): string {
  const count =
    shown < length
      ? `${shown.toLocaleString("en")} of ${length.toLocaleString("en")} ${many}; .json and .csv print all of them`
      : `${length.toLocaleString("en")} ${length === 1 ? one : many}`;
  return `${table}\n${paint("dim", count)}`;
}
