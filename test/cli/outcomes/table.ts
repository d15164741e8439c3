/** The table of docs/cli.md, from the cases themselves. `node test/cli/outcomes/table.ts` writes it there. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OutcomeCase } from "./case.ts";
import { EXEC_CASES, REFUSED_CASES } from "./exec-cases.ts";
import { FRAIL_CASES } from "./frail-cases.ts";
import { RUN_CASES } from "./run-cases.ts";

export const SECTIONS: ReadonlyArray<{ cases: readonly OutcomeCase[]; alone: boolean }> = [
  { cases: EXEC_CASES, alone: false },
  { cases: FRAIL_CASES, alone: true },
  { cases: REFUSED_CASES, alone: false },
  { cases: RUN_CASES, alone: false },
];

const PAGE = fileURLToPath(new URL("../../../docs/cli.md", import.meta.url));
const BEGIN = "<!-- outcomes: made by test/cli/outcomes/table.ts -->";
const END = "<!-- end of outcomes -->";

/** Cells as the formatter aligns them. */
export function outcomeTable(): string {
  const rows = SECTIONS.flatMap(({ cases }) => cases).map(({ asked, happened, exit, entries }) => [
    `\`${asked.replaceAll("|", "\\|")}\``,
    happened,
    String(exit),
    entries === "" ? "nothing was filed" : entries,
  ]);
  const all = [["asked", "what happened", "exit code", "entries"], ...rows];
  const widths = all[0]!.map((_cell, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(all[0]!), rule, ...rows.map(line)].join("\n");
}

export function documentedTable(): string {
  const text = readFileSync(PAGE, "utf8");
  return text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)).trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(PAGE, "utf8");
  const [before] = text.split(BEGIN);
  const [, after] = text.split(END);
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${outcomeTable()}\n\n${END}${after}`);
}
