/** Plain tables: columns as wide as their widest cell, the last ones cut so that a row fits the terminal. */
import { stripVTControlCharacters } from "node:util";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
  /** Applied after the cell was cut and padded, so that widths stay true. */
  paint?: (text: string, row: Row) => string;
  align?: "left" | "right";
}

const GAP = "  ";
const NARROWEST = 8;

/** @param width of the terminal; Infinity = never cut (files, pipes). */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.cell(row))));
  const widths = columns.map((column, i) => Math.max(column.title.length, ...cells.map((row) => [...row[i]!].length)));
  fit(widths, width);
  const lines = [
    columns
      .map((column, i) => pad(column.title.toUpperCase(), widths[i]!, column.align))
      .join(GAP)
      .trimEnd(),
  ];
  cells.forEach((row, r) => {
    const parts = columns.map((column, i) => {
      const text = pad(row[i]!, widths[i]!, column.align);
      return column.paint ? column.paint(text, rows[r]!) : text;
    });
    lines.push(parts.join(GAP).trimEnd());
  });
  return `${lines.join("\n")}\n`;
}

/** `name  value` lines, the names padded. */
export function formatCard(fields: ReadonlyArray<readonly [string, string]>): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}${GAP}${value}`.trimEnd() + "\n").join("");
}

/** Takes from the widest column until the row fits; no column falls under eight characters. */
function fit(widths: number[], width: number): void {
  let over = widths.reduce((sum, w) => sum + w, 0) + GAP.length * (widths.length - 1) - width;
  while (over > 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= NARROWEST) return;
    widths[widest]! -= 1;
    over -= 1;
  }
}

function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const characters = [...text];
  const cut = characters.length > width ? `${characters.slice(0, width - 1).join("")}…` : text;
  return align === "right" ? cut.padStart(width) : cut.padEnd(width);
}

/** Cells come from other people: no escape sequences, no line breaks. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is removed here
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f]+/g, " ");
}
