/** A plan of the inventory as a diff: what is added (+), changed (~, each value old → new) and removed (-). */
import type { ApplyAnswer, PlanChange, PlanDifference } from "../../protocol/messages.ts";
import type { Colours } from "./colours.ts";
import { printDocument } from "./documents.ts";
import type { Output } from "./output.ts";

const NOTICES_SHOWN = 3;
/** Characters of one value. */
const VALUE_SHOWN = 80;

/**
 * The whole answer as JSON, or the diff and the notices for people. What stays the same is only counted.
 * @param shown the plan that the person at this terminal has agreed to: it is not listed once more.
 */
export async function printPlan(output: Output, answer: ApplyAnswer, url: string, shown?: ApplyAnswer): Promise<void> {
  const seen = shown !== undefined && output.width !== Infinity && isSame(shown, answer);
  if (!seen || output.format !== "table") {
    await printDocument(output, answer, () => linesOf(answer, output.paint));
    printNotices(output, answer);
  }
  output.notice(summaryOf(answer, url));
}

/** What a question is about, on stderr, where it is asked. */
export function showPlan(output: Output, plan: ApplyAnswer): void {
  output.writeErr(linesOf(plan, output.paintErr));
  printNotices(output, plan);
}

/** The reasons may differ: what was agreed to is asked for by its names. */
function isSame(one: ApplyAnswer, other: ApplyAnswer): boolean {
  const told = ({ changes }: ApplyAnswer) =>
    JSON.stringify(changes.map(({ what, name, action, differences }) => [what, name, action, differences]));
  return told(one) === told(other);
}

function linesOf({ changes }: ApplyAnswer, paint: Colours): string {
  return changes.map((change) => lineOf(change, paint)).join("");
}

function printNotices(output: Output, answer: ApplyAnswer): void {
  for (const notice of answer.notices.slice(0, NOTICES_SHOWN))
    output.notice(`${output.paintErr.yellow("note:")} ${notice}`);
  const more = answer.notices.length - NOTICES_SHOWN;
  if (more > 0) output.notice(`${output.paintErr.yellow("note:")} … and ${more} more like these (all with --json)`);
}

function lineOf({ what, name, action, differences, reason }: PlanChange, paint: Colours): string {
  const named = `${what} ${name}`;
  switch (action) {
    case "add":
      return `${paint.green("+")} ${named}\n`;
    case "change":
      return `${paint.yellow("~")} ${named}\n${differences.map((one) => `    ${differenceText(one)}\n`).join("")}`;
    case "remove":
      return `${paint.red("-")} ${named} (${reason})\n`;
    case "same":
      return "";
  }
}

function differenceText({ path, from, to, secret }: PlanDifference): string {
  if (secret) return `${path}: changed`;
  return `${path}: ${valueText(from)} → ${valueText(to)}`;
}

function valueText(value: unknown): string {
  if (value === undefined) return "(none)";
  // Short words stand as they are; what could be mistaken for another kind of value is quoted.
  const plain = typeof value === "string" && /^[^\s"{[(→][^\n→]*$/u.test(value) && Number.isNaN(Number(value));
  const text = plain ? value : JSON.stringify(value);
  return text.length > VALUE_SHOWN ? `${text.slice(0, VALUE_SHOWN)}…` : text;
}

function summaryOf({ changes, applied }: ApplyAnswer, url: string): string {
  const count = (action: PlanChange["action"]) => changes.filter((change) => change.action === action).length;
  const removed = count("remove");
  const [added, changed, same] = [count("add"), count("change"), count("same")];
  return applied
    ? `Applied to ${url}: ${added} added, ${changed} changed, ${removed > 0 ? `${removed} removed, ` : ""}${same} the same.`
    : `Nothing was applied to ${url} (--dry-run): ${added} to add, ${changed} to change, ${removed > 0 ? `${removed} to remove, ` : ""}${same} the same.`;
}
