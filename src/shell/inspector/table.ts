/** Tables fitted to a terminal: wide characters count as two columns, the widest cells are cut first. */
import type { Paint } from "./paint.ts";
import { cut, oneLine, pad, widthOf } from "./text.ts";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
  /** Gets the cell as it will stand there, cut and padded. */
  paint?: (text: string, row: Row) => string;
  align?: "left" | "right";
  /** Narrower than this it is not cut; columns are left out from the last one instead. Default 8. */
  least?: number;
}

export interface TableOptions {
  /** Columns of the terminal; Infinity = nothing is cut. */
  width: number;
  paint: Paint;
}

const GAP = "  ";
const LEAST = 8;

/** Without a line break at its end. A column that has nothing in any row is not shown; what found no room is named. */
export function renderTable<Row>(
  rows: readonly Row[],
  columns: ReadonlyArray<Column<Row>>,
  { width, paint }: TableOptions,
): string {
  const filled = columns
    .map((column) => ({ column, cells: rows.map((row) => oneLine(column.cell(row))) }))
    .filter(({ cells }, at) => at === 0 || cells.some((cell) => cell !== ""));
  const widths = filled.map(({ column, cells }) =>
    cells.reduce((most, cell) => Math.max(most, widthOf(cell)), widthOf(column.title)),
  );
  const shown = fit(
    widths,
    filled.map(({ column }) => column.least ?? LEAST),
    width,
  );
  const kept = filled.slice(0, shown);

  const line = (parts: string[]): string => parts.join(GAP).trimEnd();
  const lines = [
    line(
      kept.map(({ column }, at) =>
        paint("dim", pad(cut(column.title.toUpperCase(), widths[at]!), widths[at]!, column.align)),
      ),
    ),
  ];
  rows.forEach((row, r) => {
    const parts = kept.map(({ column, cells }, at) => {
      const text = pad(cut(cells[r]!, widths[at]!), widths[at]!, column.align);
      return column.paint ? column.paint(text, row) : text;
    });
    lines.push(line(parts));
  });
  const left = filled.slice(shown).map(({ column }) => column.title);
  if (left.length > 0) lines.push(paint("dim", cut(`no room for: ${left.join(", ")}`, width)));
  return lines.join("\n");
}

/** Narrows `widths` in place, the widest first, until a row fits. @returns how many columns do, at least one. */
function fit(widths: number[], least: readonly number[], width: number): number {
  let count = widths.length;
  const over = (): number =>
    widths.slice(0, count).reduce((sum, one) => sum + one, 0) + GAP.length * (count - 1) - width;
  const smallest = (at: number): number => Math.min(widths[at]!, least[at]!);
  const atLeast = (): number =>
    widths.slice(0, count).reduce((sum, _, at) => sum + smallest(at), 0) + GAP.length * (count - 1);
  while (count > 1 && atLeast() > width) count--;
  while (over() > 0) {
    let widest = -1;
    for (let at = 0; at < count; at++) {
      if (widths[at]! > smallest(at) && (widest < 0 || widths[at]! > widths[widest]!)) widest = at;
    }
    // One column alone may be narrower than it likes: the terminal is.
    if (widest < 0) {
      widths[0] = Math.max(1, width);
      return count;
    }
    widths[widest]! -= 1;
  }
  return count;
}
