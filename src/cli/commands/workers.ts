/** `wilco workers list` */
import type { Worker } from "../../domain/worker.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { countColumns, roleColumns } from "../output/worker-columns.ts";
import { openRemote } from "../remote.ts";

export async function listWorkers(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.workers();
  const { output } = context;
  const shown = output.format === "table" ? withoutSucceeded(items) : items;
  await printList(output, shown, workerColumns(output.utc), "There are no workers; start one with: wilco worker");
  const hidden = items.length - shown.length;
  if (hidden > 0) output.notice(output.paintErr.dim(`Earlier sessions of live workers are left out (${hidden}).`));
  return EXIT.succeeded;
}

/** Without what is gone and has a live successor of its name: a worker that was started anew ten times is one. */
function withoutSucceeded(workers: readonly Worker[]): Worker[] {
  const isGone = ({ state }: Worker): boolean => state === "stopped" || state === "lost";
  const live = new Set(workers.filter((worker) => !isGone(worker)).map(({ name }) => name));
  return workers.filter((worker) => !isGone(worker) || !live.has(worker.name));
}

function workerColumns(utc: boolean): Array<Column<Worker>> {
  return [
    { title: "name", cell: (worker) => worker.name, least: 12 },
    { title: "state", cell: (worker) => (worker.silent ? "silent" : worker.state), least: Infinity },
    { title: "zone", cell: (worker) => worker.zone },
    ...roleColumns<Worker>((worker) => worker),
    { title: "running", cell: (worker) => `${worker.running}/${worker.capacity}`, align: "right", least: Infinity },
    ...countColumns<Worker>((worker) => worker.counts),
    { title: "host", cell: (worker) => worker.host, spare: 6 },
    { title: "pid", cell: (worker) => String(worker.pid), align: "right", spare: 8 },
    { title: "version", cell: (worker) => worker.version, spare: 7 },
    { title: "last seen", cell: (worker) => formatTime(worker.lastSeenAt, utc), least: Infinity, spare: 2 },
  ];
}
