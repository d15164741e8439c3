/** `wilco queue list` */
import { WilcoError } from "../../core/errors.ts";
import { formatDuration } from "../../core/durations.ts";
import { suggestion } from "../../core/suggest.ts";
import { QUEUE_FILTERS, type QueueItem } from "../../domain/queue.ts";
import type { Api } from "../../client/api.ts";
import type { QueueQuery } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseCount } from "../numbers.ts";
import { colourOfStatus } from "../output/colours.ts";
import { printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";
import { watchOutput, type WatchFlags } from "../watch.ts";

export interface QueueListFlags extends WatchFlags {
  status?: string;
  where?: string[];
  columns?: string;
  limit: string;
}

const PAGE = 1_000;
const DEFAULT_COLUMNS = ["id", "status", "resource", "operation", "route", "priority", "worker", "waited", "ran"];

export async function listQueue(context: Context, flags: QueueListFlags): Promise<number> {
  const query = queryOf(flags);
  const limit = parseCount(flags.limit, "--limit");
  const columns = columnsOf(flags.columns, context);
  const { api } = await openRemote(context);
  return watchOutput(context, flags, async () => {
    const items = await readItems(api, query, limit);
    await printList(context.output, items, columns, "Nothing is in the queue that matches.");
    return EXIT.succeeded;
  });
}

async function readItems(api: Api, query: QueueQuery, limit: number): Promise<QueueItem[]> {
  const items: QueueItem[] = [];
  for (let cursor: string | null | undefined; cursor !== null && items.length < limit;) {
    const page = await api.queue({
      ...query,
      limit: Math.min(PAGE, limit - items.length),
      ...(cursor === undefined ? {} : { cursor }),
    });
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
}

function queryOf({ status, where = [] }: QueueListFlags): QueueQuery {
  const query: QueueQuery = status === undefined ? {} : { status };
  for (const term of where) {
    const at = term.indexOf("=");
    const field = at < 0 ? term : term.slice(0, at);
    if (at < 0) {
      throw new WilcoError({
        code: "invalid_request",
        message: `--where has no value: ${JSON.stringify(term)}`,
        hint: "Write FIELD=VALUE, or FIELD=ONE,TWO.",
      });
    }
    // A status is a field like the others, and it too can be asked for.
    if (field !== "status" && !Object.hasOwn(QUEUE_FILTERS, field)) {
      throw unknownField("--where", field, ["status", ...Object.keys(QUEUE_FILTERS)]);
    }
    Object.assign(query, { [field]: term.slice(at + 1) });
  }
  return query;
}

function columnsOf(text: string | undefined, { output }: Context): Array<Column<QueueItem>> {
  const all = allColumns(output.utc);
  const names = text === undefined ? DEFAULT_COLUMNS : text === "all" ? [...all.keys()] : text.split(",");
  return names.map((name) => {
    const column = all.get(name.trim());
    if (!column) throw unknownField("--columns", name.trim(), ["all", ...all.keys()]);
    if (name !== "status") return column;
    return {
      ...column,
      paint: (cell: string, item: QueueItem) => cell.replace(item.status, colourOfStatus(output.paint, item.status)),
    };
  });
}

function allColumns(utc: boolean): Map<string, Column<QueueItem>> {
  const text = (name: keyof QueueItem, more: Partial<Column<QueueItem>> = {}): Column<QueueItem> => ({
    title: name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
    cell: (item) => String(item[name] ?? "–"),
    ...more,
  });
  const number = (name: keyof QueueItem) => text(name, { align: "right", least: Infinity });
  const time = (
    name: "createdAt" | "deliverAt" | "queuedAt" | "expiresAt" | "startedAt" | "leaseExpiresAt" | "deadline",
  ) => text(name, { cell: (item) => formatTime(item[name], utc), least: Infinity });
  const duration = (name: "waited" | "ran") =>
    text(name, {
      cell: (item) => (item[name] === null ? "–" : formatDuration(item[name])),
      align: "right",
      least: Infinity,
    });
  const columns: Array<[keyof QueueItem, Column<QueueItem>]> = [
    ["id", number("id")],
    ["status", text("status", { least: Infinity })],
    ["kind", text("kind")],
    ["resource", text("resource", { least: 12 })],
    ["type", text("type")],
    ["typeVersion", text("typeVersion")],
    ["operation", text("operation", { least: 9 })],
    ["route", text("route", { spare: 1 })],
    ["zone", text("zone")],
    ["role", text("role")],
    ["boundWorker", text("boundWorker")],
    ["worker", text("worker", { spare: 3 })],
    ["priority", { ...number("priority"), spare: 2 }],
    ["weight", number("weight")],
    ["exclusive", text("exclusive")],
    ["head", text("head")],
    ["silent", text("silent")],
    ["attempt", number("attempt")],
    ["tries", number("tries")],
    ["maxAttempts", number("maxAttempts")],
    ["onLost", text("onLost")],
    ["requestedBy", text("requestedBy")],
    ["note", text("note", { least: 16 })],
    ["parent", number("parent")],
    ["root", number("root")],
    ["createdAt", time("createdAt")],
    ["deliverAt", time("deliverAt")],
    ["queuedAt", time("queuedAt")],
    ["expiresAt", time("expiresAt")],
    ["startedAt", time("startedAt")],
    ["leaseExpiresAt", time("leaseExpiresAt")],
    ["deadline", time("deadline")],
    ["waited", duration("waited")],
    ["ran", duration("ran")],
  ];
  return new Map(columns);
}

function unknownField(flag: string, name: string, known: readonly string[]): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${flag} does not know the field ${JSON.stringify(name)}`,
    hint: suggestion(name, known, "Fields"),
  });
}
