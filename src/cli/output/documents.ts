/** What was asked for, in the format asked for: a table for people, or the API's own JSON shapes. */
import type { Output } from "./output.ts";
import { formatTable, type Column } from "./table.ts";

/** A list: a table, one JSON array, one JSON object a line, or YAML. `empty` tells a person that there is nothing. */
export async function printList<Row>(
  output: Output,
  rows: readonly Row[],
  columns: ReadonlyArray<Column<Row>>,
  empty: string,
): Promise<void> {
  switch (output.format) {
    case "table":
      if (rows.length === 0) output.notice(empty);
      else output.write(formatTable(rows, columns, output.width));
      return;
    case "jsonl":
      output.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return;
    case "json":
    case "yaml":
      await printValue(output, rows);
  }
}

/** One thing: `text` for people, its JSON otherwise. */
export async function printDocument(output: Output, value: unknown, text: () => string): Promise<void> {
  if (output.format === "table") output.write(text());
  else await printValue(output, value);
}

/** A value as JSON (indented), one line of JSON, or YAML. As a table it is indented JSON, or the bare text. */
export async function printValue(output: Output, value: unknown): Promise<void> {
  switch (output.format) {
    case "jsonl":
      output.write(`${JSON.stringify(value)}\n`);
      return;
    case "yaml": {
      const { stringify } = await import("yaml");
      output.write(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
      return;
    }
    case "table":
    case "json":
      output.write(
        typeof value === "string" && output.format === "table" ? `${value}\n` : `${JSON.stringify(value, null, 2)}\n`,
      );
  }
}
