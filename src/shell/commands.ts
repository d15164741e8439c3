/** The shell's own commands: `.server`, `.poll`, `.cancel`, `.record`, … */
import { readFileSync } from "node:fs";
import { messageOf, WilcoError } from "../core/errors.ts";
import { whyUnreadable } from "../core/file-errors.ts";
import { suggestion } from "../core/suggest.ts";
import { isTerminal } from "../domain/status.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import type { InteractiveSession } from "../sandbox/interactive-session.ts";
import type { Activity } from "./activity.ts";
import { helpText, type HelpLine } from "./help.ts";
import { toCsv, toJson } from "./inspector/raw.ts";
import type { LineRunner, RunLine, ShellOutput } from "./line-runner.ts";
import { describeEntry, describeKnown } from "./notices.ts";
import { describeSessionPoll, parsePollText } from "./poll-command.ts";
import type { Recorder } from "./recorder.ts";

export interface CommandContext {
  session: InteractiveSession;
  activity: Activity;
  runner: LineRunner;
  recorder: Recorder;
  output: ShellOutput;
  columns: () => number;
  /** Lines about the server, read from it now. */
  describeServer: () => Promise<string>;
  /** The poll policy that the session began with. */
  poll: Partial<PollPolicy>;
  /** A path as typed, made absolute. */
  path: (typed: string) => string;
  /** A question that a person answers with yes or no; undefined where nobody is there. */
  confirm: ((question: string) => Promise<boolean>) | undefined;
}

export interface Command extends HelpLine {
  name: string;
  /** @throws WilcoError for wrong use. */
  run(rest: string): Promise<RunLine | void>;
}

const LISTED = 10;

export function createCommands(context: CommandContext): Command[] {
  const { session, activity, runner, recorder, output } = context;
  let poll = context.poll;

  async function cancel(): Promise<void> {
    if (!context.confirm) {
      throw new WilcoError({
        code: "invalid_request",
        message: ".cancel asks first, and nobody is there to answer",
        hint: "Write history.get(ID).cancel()",
      });
    }
    const open = activity.open();
    await Promise.all(open.map(({ id }) => activity.port.entry(id).catch(() => {}))); // As they are now, if they can be read.
    const now = activity.open();
    const first = now[0];
    if (!first) {
      output.notice("Nothing that the last line started still runs.\n");
      return;
    }
    const names = now.slice(0, LISTED).map((known) => `  ${describeKnown(known)}`);
    if (now.length > 1)
      output.notice(`${names.join("\n")}${now.length > LISTED ? `\n  … and ${now.length - LISTED} more` : ""}\n`);
    const what = now.length === 1 ? describeKnown(first) : `these ${now.length} operations`;
    if (!(await context.confirm(`Cancel ${what}?`))) {
      output.notice("Nothing was canceled.\n");
      return;
    }
    const asked = await Promise.allSettled(
      now.map(({ id }) => activity.port.cancel(id, { reason: "canceled in the shell" })),
    );
    for (const [index, result] of asked.entries()) {
      const known = now[index]!;
      if (result.status === "rejected") output.notice(`${describeKnown(known)}: ${messageOf(result.reason)}.\n`);
      else if (index < LISTED) {
        const done = isTerminal(result.value.status) ? "" : "; its worker is told to end it";
        output.notice(`${describeEntry(result.value)}${done}.\n`);
      }
    }
  }

  async function record(rest: string): Promise<void> {
    if (rest === "") {
      output.notice(
        recorder.file === undefined
          ? "Nothing is recorded. Begin with: .record FILE.ts\n"
          : `Recording into ${recorder.file}\n`,
      );
    } else if (rest === "off") {
      const file = recorder.stop();
      output.notice(
        file === undefined ? "Nothing was recorded.\n" : `Recorded in ${file}. Run it with: wilco run ${file}\n`,
      );
    } else {
      const file = context.path(rest);
      recorder.start(file);
      output.notice(
        `Recording into ${file}: what succeeded so far, and each line from here on. .record off ends it.\n`,
      );
    }
  }

  async function load(rest: string): Promise<RunLine> {
    let source: string;
    try {
      source = readFileSync(context.path(rest), "utf8");
    } catch (error) {
      throw new WilcoError({
        code: "invalid_request",
        message: rest === "" ? ".load needs a file" : `${rest} can't be read: ${whyUnreadable(error)}`,
        hint: rest === "" ? "Write .load FILE" : "Check the path: it counts from where the shell was started.",
      });
    }
    const result = await runner.run(source);
    if (result.kind !== "unfinished") return result;
    throw new WilcoError({ code: "invalid_request", message: `${rest} ends in the middle of something` });
  }

  async function setPoll(rest: string): Promise<void> {
    if (rest !== "") {
      poll = rest === "reset" ? context.poll : { ...poll, ...parsePollText(rest) };
      session.setPoll(poll);
    }
    output.notice(`${describeSessionPoll(poll)}\n`);
  }

  const commands: Command[] = [
    command("help", ".help", "this", async () => output.notice(helpText(listed(), context.columns()))),
    command("server", ".server", "which server, as whom", async () =>
      output.notice(`${await context.describeServer()}\n`),
    ),
    command("poll", ".poll [KEY=VALUE …]", "how waits look at the audit trail; sets it for the session", setPoll),
    command("cancel", ".cancel", "cancels what the last line started, after a yes", cancel),
    command("json", ".json", "the last value as JSON", async () =>
      output.write(`${toJson(JSON.parse(await session.last()))}\n`),
    ),
    command("csv", ".csv", "the last value as CSV", async () =>
      output.write(`${toCsv(JSON.parse(await session.last()))}\n`),
    ),
    command("load", ".load FILE", "evaluates a file's lines as if they were typed", load),
    command("record", ".record FILE.ts | off", "writes what is typed as a script that wilco run runs", record),
    command("clear", ".clear", "starts the sandbox anew, without your variables", async () => {
      session.reset();
      output.notice("The sandbox was started anew.\n");
    }),
    command("exit", ".exit", "leaves the shell", async () => ({ kind: "exit", exitCode: 0 })),
  ];
  const listed = (): HelpLine[] => [
    ...commands,
    { usage: ".editor", help: "many lines before any runs; Ctrl-D ends it" },
  ];
  return commands;
}

function command(name: string, usage: string, help: string, run: Command["run"]): Command {
  return { name, usage, help, run };
}

/** ".json", ".poll delay=2s": a command and what follows it. Undefined for code, `.5` and `...x` included. */
export function commandIn(line: string): { name: string; rest: string } | undefined {
  const found = /^\s*\.([a-z]+)(?:\s+([^]*))?$/i.exec(line.trimEnd());
  return found ? { name: found[1]!, rest: (found[2] ?? "").trim() } : undefined;
}

export function unknownCommand(name: string, known: readonly string[]): WilcoError {
  const hint = suggestion(
    `.${name}`,
    known.map((one) => `.${one}`),
    "There are",
  );
  return new WilcoError({ code: "invalid_request", message: `The shell has no .${name}`, hint });
}
