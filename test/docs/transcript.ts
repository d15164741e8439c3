/**
 * A ```console block: lines that begin with "$ " are typed, the lines below each are what it shows (stdout and stderr as
 * they come). In the expected text "…" stands for any text within a line, and a line of its own for any lines; of times,
 * durations, addresses and process numbers only the form has to be right.
 */

export interface Step {
  command: string;
  expected: string;
}

export function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), expected: "" });
    else if (line.startsWith("> ") && steps.at(-1)?.expected === "") steps.at(-1)!.command += `\n${line.slice(2)}`;
    else if (steps.length > 0) steps.at(-1)!.expected += `${line}\n`;
    else throw new Error(`A console block begins with a command, not with ${JSON.stringify(line)}`);
  }
  return steps;
}

/** Whether a text is as expected, line ends trimmed. */
export function isAsExpected(shown: string, expected: string): boolean {
  const source = trimmed(expected)
    .split("\n")
    .map((line) => (line.trim() === "…" ? "(?:.*\n)*?" : `${escaped(line)}\n`))
    .join("");
  return new RegExp(`^${source}$`).test(`${trimmed(shown)}\n`);
}

/** What differs from run to run: a page shows what it was when it was written, and any other of its kind will do. */
const VOLATILE = [
  "\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{3}Z)?",
  "\\d\\d:\\d\\d:\\d\\d\\.\\d{3}",
  "\\b127\\.0\\.0\\.1:\\d+",
  "\\b\\d+(?:\\.\\d)?m?s\\b",
  "\\bprocess \\d+",
  '"(?:pid|previousPid)": ?\\d+',
  "\\bwaited=\\d+",
];

function escaped(line: string): string {
  return line.split("…").map(anyOfItsKind).join(".*?");
}

function anyOfItsKind(text: string): string {
  const parts = text.split(new RegExp(`(${VOLATILE.join("|")})`));
  return parts
    .map((part, at) => {
      const kind = at % 2 === 1 ? VOLATILE.find((source) => new RegExp(`^(?:${source})$`).test(part)) : undefined;
      // Blanks of aligned columns depend on what stands in them.
      return kind ?? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ {2,}/g, " +");
    })
    .join("");
}

function trimmed(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .replace(/\n+$/, "");
}
