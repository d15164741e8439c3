/** What the tests read out of README.md and docs/: code blocks with what their info strings ask for, links, tables. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Block {
  /** "ts", "yaml", "console" … */
  language: string;
  /** The other words of the info string: `file=wilco.yaml` as a pair, `run` as { run: "" }. */
  marks: Record<string, string>;
  text: string;
  /** Of the fence, from 1. */
  line: number;
}

export interface Page {
  /** From the repository's root: "docs/cli.md". */
  path: string;
  text: string;
}

/** README.md and every page below docs/. */
export function readPages(): Page[] {
  const docs = readdirSync(join(ROOT, "docs"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
  return ["README.md", ...docs.toSorted()].map(readPage);
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), "utf8") };
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; block: Block; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^(`{3,})(.*)$/.exec(line);
    if (open) {
      if (fence && fence[2]!.trim() === "" && fence[1]!.length >= open.fence.length) {
        blocks.push({ ...open.block, text: open.lines.map((one) => `${one}\n`).join("") });
        open = undefined;
      } else open.lines.push(line);
    } else if (fence) {
      const [language = "", ...words] = fence[2]!.trim().split(/\s+/);
      const marks = Object.fromEntries(words.map((word) => [word.split("=")[0]!, word.split("=").slice(1).join("=")]));
      open = { fence: fence[1]!, block: { language, marks, text: "", line: index + 1 }, lines: [] };
    }
  }
  if (open) throw new Error(`The block that begins in line ${open.block.line} has no end`);
  return blocks;
}

/** The text without its code blocks, in as many lines. */
export function proseOf(text: string): string {
  const lines = text.split("\n");
  for (const block of blocksOf(text)) {
    for (let at = block.line - 1; at <= block.line + block.text.split("\n").length - 1; at++) lines[at] = "";
  }
  return lines.join("\n");
}

/** Targets of links, `[text](target)`. */
export function linksOf(text: string): string[] {
  return [...proseOf(text).matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1]!);
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  return [...proseOf(text).matchAll(/^#{1,6} +(.+)$/gm)].map((match) =>
    match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

/** What stands below a heading, up to the next one of its level or above. */
export function sectionOf(text: string, heading: string): string {
  const lines = text.split("\n");
  const prose = proseOf(text).split("\n");
  const start = prose.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, "") === heading);
  if (start < 0) throw new Error(`There is no heading "${heading}"`);
  const level = /^#+/.exec(lines[start]!)![0].length;
  const end = prose.findIndex((line, at) => at > start && /^#+ /.test(line) && /^#+/.exec(line)![0].length <= level);
  return lines.slice(start + 1, end < 0 ? undefined : end).join("\n");
}

/** The rows of the tables in a text, cells as written, without head and rule. */
export function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let inTable = false;
  for (const line of proseOf(text).split("\n")) {
    if (!line.startsWith("|")) inTable = false;
    else if (/^\|[\s:|-]+\|$/.test(line)) inTable = true;
    else if (inTable) {
      const cells = line.replaceAll("\\|", "\0").split("|").slice(1, -1);
      rows.push(cells.map((cell) => cell.replaceAll("\0", "|").trim()));
    }
  }
  return rows;
}

/** Everything in `code` marks. */
export function codesOf(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
}
