/** How a script ended, in sentences: where it threw, what it left behind, and how to look again. */
import type { ScriptEnd, ScriptFailure } from "../domain/script.ts";
import type { RunningEntry } from "../sandbox/filed-entries.ts";
import type { OnError } from "../sandbox/look-after.ts";
import type { RunOutcome } from "../sandbox/outcome.ts";
import type { Context } from "./context.ts";
import { formatEntryIds } from "./numbers.ts";
import { sentence } from "./output/error-text.ts";
import { commandFor } from "./reattach.ts";

const FRAMES_SHOWN = 5;
const LISTED = 20;

export function showOutcome(context: Context, outcome: RunOutcome): void {
  const { output } = context;
  if (outcome.error && outcome.kind !== "interrupted") showScriptError(context, outcome.error);
  for (const failure of outcome.unobservedFailures) showScriptError(context, failure, "nobody looked at its result");
  if (outcome.kind === "interrupted") output.warn("Interrupted: the script was stopped.");
}

/** The same for a script that ran on the server and failed. */
export function showScriptEnd(context: Context, { kind, errors }: ScriptEnd): void {
  const [first, ...others] = errors;
  const looked = kind === "completed" ? "nobody looked at its result" : undefined;
  if (first) showScriptError(context, first, looked);
  for (const failure of others) showScriptError(context, failure, "nobody looked at its result");
}

/** The script's own frames are shown always: they are the answer to "where". wilco's are not among them. */
function showScriptError({ output }: Context, error: ScriptFailure, remark?: string): void {
  const paint = output.paintErr;
  const named = error.code === "script_failed" && error.name !== "Error" ? `${error.name}: ` : "";
  const lines = [
    `${paint.red("error:")} ${sentence(`${named}${error.message}${remark === undefined ? "" : ` (${remark})`}`)}`,
  ];
  if (error.hint !== undefined) lines.push(`  ${sentence(error.hint)}`);
  const frames = error.stack.split("\n").filter((line) => /^\s+at /.test(line));
  for (const frame of output.verbose ? frames : frames.slice(0, FRAMES_SHOWN))
    lines.push(paint.dim(`  ${frame.trim()}`));
  if (error.entry !== undefined && !`${error.message}${error.hint ?? ""}`.includes(String(error.entry))) {
    lines.push(`  entry ${error.entry}: wilco entry show ${error.entry}`);
  }
  output.warn(lines.join("\n"));
}

/** What still runs when the script is over; said before anything is done about it. */
export function tellRunning(context: Context, running: readonly RunningEntry[], what: OnError, local: boolean): void {
  const where = local ? "local" : (command: string) => commandFor(context, command);
  context.output.warn(describeRunning(running, what, where));
}

/**
 * @param where the script's operations are: "local", in a server that ends with this process; or reached by a command,
 *   made of one without `wilco`.
 */
export function describeRunning(
  running: readonly RunningEntry[],
  what: OnError,
  where: "local" | ((command: string) => string),
): string {
  const list = running
    .slice(0, LISTED)
    .map((entry) => `  entry ${entry.id}: ${entry.resource} ${entry.operation} (${entry.status})`);
  if (running.length > LISTED) list.push(`  … and ${running.length - LISTED} more`);
  const one = running.length === 1;
  const subject = one ? "One operation" : `${running.length} operations`;
  const ids = formatEntryIds(running.map((entry) => entry.id));
  const listed = list.join("\n");
  switch (what) {
    case "wait":
      return `${subject} still ${one ? "runs" : "run"}; waiting for ${one ? "it" : "them"} (--on-error leave does not):\n${listed}`;
    case "cancel":
      return `${subject} still ${one ? "runs" : "run"}; asking for ${one ? "it" : "them"} to be canceled:\n${listed}`;
    case "leave":
      if (where === "local") {
        return `${subject} ${one ? "was" : "were"} not ended; the server in this process lets ${one ? "it" : "them"} end before it stops:\n${listed}`;
      }
      return (
        `${subject} ${one ? "goes" : "go"} on:\n${listed}\n` +
        `  Wait:    ${where(`entry wait ${ids}`)}\n  Cancel:  ${where(`entry cancel ${ids}`)}`
      );
  }
}
