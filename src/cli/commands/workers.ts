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
  await printList(
    context.output,
    items,
    workerColumns(context.output.utc),
    "There are no workers; start one with: wilco worker",
  );
  return EXIT.succeeded;
}

function workerColumns(utc: boolean): Array<Column<Worker>> {
  return [
    { title: "name", cell: (worker) => worker.name, least: 12 },
    { title: "state", cell: (worker) => worker.state, least: Infinity },
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
