/** `wilco workers ping`, `status`, `running`, `reload`, `drain` and `stop`: orders to live workers, and their answers. */
import { formatDuration, parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { requireName } from "../../domain/route.ts";
import type { OrderOutcome, RunningExecution, WorkerCommand, WorkerStatus } from "../../domain/worker.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printList } from "../output/documents.ts";
import { sentence } from "../output/error-text.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";
import { countColumns, roleColumns } from "../output/worker-columns.ts";

export interface ControlFlags {
  zone?: string;
  all?: boolean;
  timeout: string;
  yes?: boolean;
}

/** The server holds a request no longer than this, ms. */
const MOST_WAIT = 60_000;

export async function askCommand(
  context: Context,
  command: "ping" | "status" | "running",
  names: string[],
  flags: ControlFlags,
): Promise<number> {
  const chosen = names.length === 0 && flags.zone === undefined;
  const request = { command, ...meant(command, names, chosen ? { ...flags, all: true } : flags), wait: waitOf(flags) };
  const { api } = await openRemote(context);
  const { items } = await api.askWorkers(request);
  if (command === "running") await printRunning(context, items);
  else await printOutcomes(context, items, command === "ping" ? pingColumns() : statusColumns());
  return tellSilent(context, command, items, flags);
}

export async function controlCommand(
  context: Context,
  command: "reload" | "drain" | "stop",
  names: string[],
  flags: ControlFlags,
): Promise<number> {
  const request = { command, ...meant(command, names, flags), wait: waitOf(flags) };
  const { api } = await openRemote(context);
  if (command === "stop" && !(await mayStop(context, flags))) return EXIT.wrongUse;
  const { items } = await api.controlWorkers(request);
  await printOutcomes(context, items, [{ title: "answer", cell: (item) => answerText(command, item), wrap: true }]);
  return tellSilent(context, command, items, flags);
}

function meant(command: WorkerCommand, names: string[], flags: ControlFlags) {
  const said = [names.length > 0, flags.zone !== undefined, flags.all === true].filter(Boolean).length;
  if (said !== 1) {
    throw new WilcoError({
      code: "invalid_request",
      message:
        said === 0 ? `Which workers are to ${command} is not said` : "Names, --zone and --all exclude each other",
      hint: `Write: wilco workers ${command} NAME…, or --zone ZONE, or --all.`,
    });
  }
  if (names.length > 0) return { workers: names.map((name) => requireName(name, "worker name")) };
  return flags.zone === undefined ? { all: true } : { zone: requireName(flags.zone, "zone") };
}

function waitOf({ timeout }: ControlFlags): number {
  const wait = parseDuration(timeout, "--timeout");
  if (wait <= MOST_WAIT) return wait;
  throw new WilcoError({
    code: "invalid_request",
    message: `--timeout ${timeout} is more than ${formatDuration(MOST_WAIT)}`,
    hint: "Workers that live answer within a second.",
  });
}

async function mayStop(context: Context, { yes }: ControlFlags): Promise<boolean> {
  if (yes === true || !context.output.interactive || !process.stdin.isTTY) return true;
  return confirm(context, "What these workers run is handed back, or aborted where it may not be repeated. Stop them?");
}

async function printOutcomes(
  { output }: Context,
  items: OrderOutcome[],
  columns: ReadonlyArray<Column<OrderOutcome>>,
): Promise<void> {
  const name: Column<OrderOutcome> = { title: "name", cell: (item) => item.name, least: 12 };
  const zone: Column<OrderOutcome> = { title: "zone", cell: (item) => item.zone, spare: 4 };
  await printList(output, items, [name, zone, ...columns], "No worker was asked.");
}

function pingColumns(): Array<Column<OrderOutcome>> {
  return [{ title: "answer", cell: (item) => (item.took === null ? "none" : `${item.took} ms`), least: Infinity }];
}

function statusColumns(): Array<Column<OrderOutcome>> {
  const of = (item: OrderOutcome) => item.answer as unknown as WorkerStatus | null;
  return [
    { title: "state", cell: (item) => of(item)?.state ?? "no answer", least: Infinity },
    ...roleColumns<OrderOutcome>(of),
    {
      title: "running",
      cell: (item) => (of(item) ? `${of(item)!.running}/${of(item)!.capacity}` : ""),
      align: "right",
      least: Infinity,
    },
    ...countColumns<OrderOutcome>(of),
    { title: "up", cell: (item) => (of(item) ? upText(of(item)!.uptime) : ""), align: "right", spare: 3 },
    { title: "host", cell: (item) => of(item)?.host ?? "", spare: 6 },
    { title: "pid", cell: (item) => String(of(item)?.pid ?? ""), align: "right", spare: 8 },
    { title: "version", cell: (item) => of(item)?.version ?? "", spare: 7 },
  ];
}

interface RunningRow extends RunningExecution {
  worker: string;
}

/** One row an execution; the document formats have the outcomes as they are. */
async function printRunning(context: Context, items: OrderOutcome[]): Promise<void> {
  const { output } = context;
  const rows = items.flatMap(({ name, answer }) =>
    ((answer?.["running"] ?? []) as unknown as RunningExecution[]).map((one): RunningRow => ({ worker: name, ...one })),
  );
  const columns: Array<Column<RunningRow>> = [
    { title: "worker", cell: (row) => row.worker, least: 12 },
    { title: "entry", cell: (row) => String(row.entry), align: "right", least: Infinity },
    { title: "attempt", cell: (row) => String(row.attempt), align: "right", spare: 4 },
    { title: "request", cell: (row) => (row.root === row.entry ? "" : String(row.root)), align: "right", spare: 3 },
    { title: "resource", cell: (row) => row.resource },
    { title: "operation", cell: (row) => row.operation },
    { title: "stage", cell: (row) => row.stage, spare: 2 },
    { title: "for", cell: (row) => upText(row.since), align: "right", least: Infinity, spare: 1 },
  ];
  if (output.format === "table") await printList(output, rows, columns, "Nothing runs on them.");
  else await printOutcomes(context, items, []);
}

/** Whole seconds: a moment later the rest would be another one. */
function upText(ms: number): string {
  return ms < 1_000 ? "0s" : formatDuration(Math.floor(ms / 1_000) * 1_000);
}

function answerText(command: "reload" | "drain" | "stop", item: OrderOutcome): string {
  if (item.error) return "failed";
  if (!item.answered) return "none";
  if (command === "reload") return reloadText(item.answer as unknown as Reloaded);
  const running = Number(item.answer?.["running"] ?? 0);
  if (command === "stop") return running === 0 ? "stops" : `stops, ends ${running} running`;
  return running === 0 ? "drains: nothing runs" : `drains: ${running} still running`;
}

interface Reloaded {
  types: number;
  added: string[];
  changed: string[];
  removed: string[];
}

function reloadText({ types, ...changes }: Reloaded): string {
  const parts = Object.entries(changes).flatMap(([what, names]) =>
    names.length > 0 ? [`${what} ${names.join(", ")}`] : [],
  );
  return `${types} types loaded${parts.length === 0 ? "" : `: ${parts.join("; ")}`}`;
}

/** Who did not answer is named, and makes the exit code. */
function tellSilent(
  { output }: Context,
  command: WorkerCommand,
  items: readonly OrderOutcome[],
  { timeout }: ControlFlags,
): number {
  for (const item of items.filter(({ answered }) => !answered)) {
    output.warn(`${output.paintErr.red("error:")} ${silentText(command, item, timeout, output.utc)}`);
  }
  const failed = items.filter(({ error }) => error !== null);
  for (const { name, error } of failed) {
    output.warn(`${output.paintErr.red("error:")} ${name}: ${sentence(error!.message)}`);
    if (error!.hint !== undefined) output.warn(`  ${sentence(error!.hint)}`);
  }
  return items.every(({ answered, error }) => answered && error === null) ? EXIT.succeeded : EXIT.failed;
}

function silentText(command: WorkerCommand, item: OrderOutcome, timeout: string, utc: boolean): string {
  const seen = formatTime(item.lastSeenAt, utc);
  if (item.state === "stopped" || item.state === "lost") {
    return `${item.name} is not live: it is ${item.state}, last seen ${seen}.`;
  }
  const after =
    command === "drain" || command === "stop"
      ? "\n  It claims nothing more, and drains when it is heard of again."
      : "\n  Look at its machine and its log.";
  return `${item.name} did not answer within ${timeout}; it was last seen ${seen}.${after}`;
}
