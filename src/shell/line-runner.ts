/** Runs one line of a session from its text to what is printed, the same at a terminal and in a pipe. */
import type { ValueDescription, Variable } from "../sandbox/guest/value-description.ts";
import type { ScriptError } from "../sandbox/guest/wire.ts";
import type { InteractiveSession, LineOutcome } from "../sandbox/interactive-session.ts";
import type { Activity } from "./activity.ts";
import { withLastOutput } from "./inspector/last-output.ts";
import { goesOnNotice } from "./notices.ts";
import type { Writer } from "./ports.ts";
import type { Recorder } from "./recorder.ts";

/** Where a session writes: one terminal, or two pipes. */
export interface ShellOutput {
  /** What was asked for: values, what lines print. */
  write(text: string): void;
  /** For people: errors, notices. */
  notice(text: string): void;
  writer: Writer;
}

export type RunLine =
  /** More has to be typed. */
  | { kind: "unfinished" }
  | { kind: "done" }
  | { kind: "interrupted" }
  | { kind: "failed"; error: ScriptError }
  | { kind: "exit"; exitCode: number };

export interface LineRunner {
  run(source: string): Promise<RunLine>;
  /** What lines have declared, as of the last one. */
  variables(): readonly Variable[];
  /** Says again what the last line left running; false when it left nothing. */
  repeatNotice(): Promise<boolean>;
}

export interface LineRunnerOptions {
  session: InteractiveSession;
  activity: Activity;
  recorder: Recorder;
  output: ShellOutput;
  /** Called when a line begins to be evaluated; what it returns when that is over. */
  watch: () => () => void;
  /** Says what should be known of a value that was printed. Default: nothing. */
  remark?: (value: ValueDescription, source: string) => Promise<void>;
}

/** After Ctrl-C a submit may still be on its way; longer than this nobody waits to hear its id. */
const SUBMIT_PATIENCE = 1_000;
/** Entries that are read again before they are named once more. */
const MAX_READ = 20;
const LOST = "The sandbox was started anew: your variables are lost.";

export function createLineRunner(options: LineRunnerOptions): LineRunner {
  const { session, activity, recorder, output, watch, remark = async () => {} } = options;
  let variables: readonly Variable[] = [];

  async function run(source: string): Promise<RunLine> {
    const undo = activity.begin();
    const over = watch();
    let outcome: LineOutcome;
    try {
      outcome = await session.evaluate(source);
    } finally {
      over();
    }
    if (outcome.kind === "unfinished") undo();
    else refreshVariables();
    return finish(source, outcome);
  }

  async function finish(source: string, outcome: LineOutcome): Promise<RunLine> {
    switch (outcome.kind) {
      case "unfinished":
        return { kind: "unfinished" };
      case "value": {
        print(await withLastOutput(outcome.value, activity.port));
        await remark(outcome.value, source);
        const hasValue = outcome.value.kind !== "undefined";
        const problem = recorder.add({ source: source.trim(), awaited: outcome.awaited, hasValue });
        if (problem) output.notice(`${problem.message}. ${problem.hint ?? ""}\n`);
        return { kind: "done" };
      }
      case "error":
        return fail(outcome.error, outcome.lastOutput);
      case "interrupted":
        await activity.settled(SUBMIT_PATIENCE);
        output.notice(`Interrupted. ${goesOnNotice(activity.open()) ?? "Nothing that it started goes on."}\n`);
        if (outcome.lost) output.notice(`${LOST}\n`);
        return { kind: "interrupted" };
      case "lost": {
        const failed = fail(outcome.error, "");
        output.notice(`${LOST}\n`);
        return failed;
      }
      case "exit":
        return outcome;
      default:
        return outcome satisfies never;
    }
  }

  function fail(error: ScriptError, lastOutput: string): RunLine {
    output.notice(`${output.writer({ kind: "error", error, lastOutput })}\n`);
    return { kind: "failed", error };
  }

  function print(value: ValueDescription): void {
    if (value.kind !== "undefined") output.write(`${output.writer(value)}\n`);
  }

  function refreshVariables(): void {
    session.variables().then(
      (found) => (variables = found),
      () => {}, // The sandbox was started anew meanwhile: the next line asks again.
    );
  }

  return {
    run,
    variables: () => variables,
    async repeatNotice() {
      const open = activity.open();
      // As they are now; what can't be read stays as it was seen last.
      await Promise.all(open.slice(0, MAX_READ).map(({ id }) => activity.port.entry(id).catch(() => {})));
      const notice = goesOnNotice(activity.open());
      if (notice !== undefined) output.notice(`${notice}\n`);
      return notice !== undefined;
    },
  };
}
