/** Columns that tables of workers share: what they serve, and what they have counted since their start. */
import { formatPriorityBand, isWholeBand, type PriorityBand } from "../../domain/priority.ts";
import type { WorkerCounts } from "../../domain/worker.ts";
import { formatBytes } from "../../core/bytes.ts";
import type { Column } from "./table.ts";

export function roleColumns<Row>(of: (row: Row) => { roles: string[]; band: PriorityBand } | null): Array<Column<Row>> {
  return [
    { title: "roles", cell: (row) => of(row)?.roles.join(",") ?? "", spare: 1 },
    { title: "band", cell: (row) => bandText(of(row)?.band), spare: 2 },
  ];
}

function bandText(band: PriorityBand | undefined): string {
  if (!band) return "";
  return isWholeBand(band) ? "all" : formatPriorityBand(band);
}

export function countColumns<Row>(of: (row: Row) => WorkerCounts | null): Array<Column<Row>> {
  const count = (title: "claimed" | "finished" | "failed", spare: number): Column<Row> => ({
    title,
    cell: (row) => String(of(row)?.[title] ?? ""),
    align: "right",
    least: Infinity,
    spare,
  });
  return [
    count("claimed", 4),
    count("finished", 5),
    count("failed", 3),
    {
      title: "memory",
      cell: (row) => {
        const counts = of(row);
        return counts ? formatBytes(counts.memory) : "";
      },
      align: "right",
      least: Infinity,
      spare: 4,
    },
  ];
}
