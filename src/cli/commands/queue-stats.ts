/** `wilco queue stats` */
import { formatDuration } from "../../core/durations.ts";
import { PRIORITY_NAMES } from "../../domain/priority.ts";
import type { QueueGroup, QueueStats } from "../../domain/queue.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument } from "../output/documents.ts";
import { formatTable, type Column } from "../output/table.ts";
import { openRemote } from "../remote.ts";
import { watchOutput, type WatchFlags } from "../watch.ts";

export async function showStats(context: Context, flags: WatchFlags): Promise<number> {
  const { output } = context;
  const { api } = await openRemote(context);
  return watchOutput(context, flags, async () => {
    const stats = await api.queueStats();
    await printDocument(output, stats, () => {
      const table = stats.groups.length === 0 ? "" : `${formatTable(stats.groups, columnsOf(stats), output.width)}\n`;
      return `${table}${summary(stats)}\n`;
    });
    return EXIT.succeeded;
  });
}

function columnsOf({ paused }: QueueStats): Array<Column<QueueGroup>> {
  const right = { align: "right", least: Infinity } as const;
  return [
    { title: "route", cell: ({ route }) => (paused.includes(route) ? `${route} (paused)` : route), least: 16 },
    { title: "priority", cell: ({ priority }) => PRIORITY_NAMES.get(priority) ?? String(priority), least: 8 },
    { title: "waiting", cell: ({ waiting, more }) => `${waiting}${more ? "+" : ""}`, ...right },
    { title: "behind", cell: ({ behind }) => String(behind), ...right, spare: 2 },
    { title: "running", cell: ({ running }) => String(running), ...right },
    { title: "oldest", cell: ({ waited }) => (waited === null ? "–" : formatDuration(waited)), ...right },
    { title: "entry", cell: ({ oldest }) => (oldest === null ? "–" : String(oldest)), ...right, spare: 1 },
  ];
}

function summary({ groups, scheduled, blocked, rates }: QueueStats): string {
  const sum = (of: (group: QueueGroup) => number) => groups.reduce((total, group) => total + of(group), 0);
  const waiting = `${sum(({ waiting }) => waiting)}${groups.some(({ more }) => more) ? "+" : ""}`;
  const bounded = ({ count, more }: { count: number; more: boolean }) => `${count}${more ? "+" : ""}`;
  return (
    `${waiting} waiting, ${sum(({ running }) => running)} running, ${bounded(scheduled)} scheduled, ${bounded(blocked)} blocked.\n` +
    `Over the last ${formatDuration(rates.window)}: ${rates.filed}/s filed, ${rates.claimed}/s claimed, ${rates.ended}/s ended.`
  );
}
