/** Plain tables and cards that fit the terminal: what matters least is left out, cut, or goes on in the next line. */
import { stripVTControlCharacters } from "node:util";
import { lengthOf, wrapWords } from "./wrap.ts";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => string;
  /** Applied after the cell was cut and padded, so that widths stay true. */
  paint?: (text: string, row: Row) => string;
  align?: "left" | "right";
  /** May be cut to this many characters, default 8. Infinity: never, for a part of it says nothing (a time, a status). */
  least?: number;
  /** Left out where not even the least widths fit, the highest number first. Default: never. */
  spare?: number;
  /** Goes on in further lines instead of being cut. */
  wrap?: boolean;
}

const GAP = "  ";
const NARROWEST = 8;

/** @param width of the terminal; Infinity = everything in full (files, pipes). */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number): string {
  const { shown, widths } = layout(rows, columns, width);
  const line = (texts: readonly string[], row?: Row) =>
    shown
      .map((column, i) => {
        const text = pad(texts[i] ?? "", widths[i]!, column.align);
        return column.paint && row !== undefined ? column.paint(text, row) : text;
      })
      .join(GAP)
      .trimEnd();
  const lines = [line(shown.map((column) => column.title.toUpperCase()))];
  for (const row of rows) {
    const cells = shown.map((column, i) => {
      const text = oneLine(column.cell(row));
      return column.wrap === true ? wrapWords(text, widths[i]!) : [text];
    });
    const height = Math.max(...cells.map((cell) => cell.length));
    for (let at = 0; at < height; at++)
      lines.push(
        line(
          cells.map((cell) => cell[at] ?? ""),
          row,
        ),
      );
  }
  return `${lines.join("\n")}\n`;
}

/** `name  value` lines, the names padded; a value that is too long goes on below itself. */
export function formatCard(fields: ReadonlyArray<readonly [string, string]>, width = Infinity): string {
  const nameWidth = Math.max(0, ...fields.map(([name]) => name.length));
  const indent = " ".repeat(nameWidth + GAP.length);
  return fields
    .map(([name, value]) => {
      const room = Math.max(NARROWEST, width - indent.length);
      const lines = width === Infinity ? [value] : wrapWords(value, room);
      return `${name.padEnd(nameWidth)}${GAP}${lines.join(`\n${indent}`)}`.trimEnd() + "\n";
    })
    .join("");
}

function layout<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number) {
  let parts = columns.map((column) => {
    const full = Math.max(column.title.length, ...rows.map((row) => lengthOf(oneLine(column.cell(row)))));
    return { column, width: full, least: Math.min(full, Math.max(column.title.length, column.least ?? NARROWEST)) };
  });
  const over = (of: "width" | "least") =>
    parts.reduce((sum, part) => sum + part[of], 0) + GAP.length * (parts.length - 1) - width;
  while (over("least") > 0) {
    const [spared] = parts
      .filter(({ column }) => column.spare !== undefined)
      .toSorted((a, b) => b.column.spare! - a.column.spare!);
    if (!spared) break;
    parts = parts.filter((part) => part !== spared);
  }
  for (let left = over("width"); left > 0; left--) {
    const [widest] = parts.filter((part) => part.width > part.least).toSorted((a, b) => b.width - a.width);
    if (!widest) break;
    widest.width -= 1;
  }
  return { shown: parts.map(({ column }) => column), widths: parts.map((part) => part.width) };
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
