/** Sentences about operations that go on although nobody waits for them any more. */
import type { Entry } from "../domain/entry.ts";
import type { Known } from "./activity.ts";
import { oneLine, widthOf, wrapWords } from "./inspector/text.ts";

const LISTED = 8;

/** What goes on, and how to come back to it or end it; undefined when nothing does. */
export function goesOnNotice(open: readonly Known[]): string | undefined {
  const first = open[0];
  if (!first) return undefined;
  const ids = open.slice(0, LISTED).map(({ id }) => id);
  if (open.length === 1) {
    return [
      `${describeKnown(first)} goes on.`,
      `  Wait for it:  await history.wait(${first.id})`,
      "  Cancel it:    .cancel",
    ].join("\n");
  }
  const more = open.length > LISTED ? `\n  … and ${open.length - LISTED} more` : "";
  return [`${open.length} operations go on:`, ...open.slice(0, LISTED).map((known) => `  ${describeKnown(known)}`)]
    .join("\n")
    .concat(
      more,
      `\n  Wait for them:  await Promise.all([${ids.join(", ")}].map((id) => history.wait(id)))`,
      "\n  Cancel them:    .cancel",
    );
}

/** "web-1 restart (entry 1042, running)" */
export function describeKnown({ id, entry }: Known): string {
  return entry ? describeEntry(entry) : `Entry ${id}`;
}

export function describeEntry(entry: Entry): string {
  const what = entry.operation ?? entry.kind;
  const subject = entry.resource ? `${entry.resource.name} ${what}` : what;
  return `${oneLine(subject)} (entry ${entry.id}, ${entry.status})`;
}

/** Lines that are too wide, broken between words and indented as they began. */
export function wrapped(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => {
      if (widthOf(line) <= columns) return line;
      const indent = /^\s*/.exec(line)![0];
      const words = line.trim().split(/ +/);
      return wrapWords(words, Math.max(10, columns - indent.length))
        .map((part) => indent + part)
        .join("\n");
    })
    .join("\n");
}
