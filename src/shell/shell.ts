/** Puts the shell together: a sandbox session, what its lines do, and a terminal or a pipe around them. */
import type { Worker } from "node:worker_threads";
import type { Api } from "../client/api.ts";
import type { ClientPort, LookupPort } from "../client/port.ts";
import type { PollPolicy } from "../domain/poll-policy.ts";
import type { ValueDescription } from "../sandbox/guest/value-description.ts";
import { createInteractiveSession } from "../sandbox/interactive-session.ts";
import type { SandboxLimits } from "../sandbox/messages.ts";
import type { Permissions } from "../sandbox/permissions.ts";
import { createActivity } from "./activity.ts";
import { createCommands } from "./commands.ts";
import { createCompleter } from "./completion/completer.ts";
import { createNames } from "./completion/names.ts";
import { followLine } from "./follow-line.ts";
import { openHistory } from "./history-file.ts";
import { createPaint } from "./inspector/paint.ts";
import { createWriter } from "./inspector/writer.ts";
import { createLineRunner, type ShellOutput } from "./line-runner.ts";
import { createLiveRegion } from "./live-region.ts";
import { goesOnNotice, wrapped } from "./notices.ts";
import { runPiped, type PipedEnd } from "./piped.ts";
import { createRecorder } from "./recorder.ts";
import { openTerminal, type Terminal } from "./terminal.ts";
import { waitingLines } from "./waiting.ts";

export interface ShellOptions {
  api: Api;
  port: ClientPort;
  lookup: LookupPort;
  /** Masks secrets that were looked up, in all that is shown. */
  mask: (text: string) => string;
  /** Who the server says we are. */
  me: Awaited<ReturnType<Api["me"]>>;
  url: string;
  /** What lines may import from; absolute. */
  root: string;
  /** What lines may do beyond the wilco API. */
  permissions: Permissions;
  /** Values of the variables that they may read. */
  env: Record<string, string>;
  limits?: Partial<SandboxLimits>;
  cacheDirectory?: string | undefined;
  /** A sandbox thread that was started beforehand. */
  thread?: Worker | undefined;
  utc: boolean;
  color: boolean;
  poll: Partial<PollPolicy>;
  path: (typed: string) => string;
  onFault: (error: unknown) => void;
  input: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** A person sits at a terminal; otherwise lines are read from `input`. */
  interactive: boolean;
  /** Where what was typed is kept; undefined = nowhere. */
  historyFile: string | undefined;
  /** SIGINT, SIGTERM or SIGHUP. */
  signal: AbortSignal;
  version: string;
}

/** Rows of the list of what is waited for. */
const MOST_ROWS = 10;
const NARROW = 60;
/** ms for what is said of a value beside it. */
const REMARK_BOUND = 500;

export async function runShell(options: ShellOptions): Promise<PipedEnd> {
  const { api, interactive, stdout, stderr, color, mask } = options;
  const columns = (): number => (interactive ? stdout.columns || 80 : Infinity);
  const paint = createPaint(color);
  let terminal: Terminal | undefined;
  const activity = createActivity(options.port);
  const region = createLiveRegion(stdout);
  // At a terminal both are the same screen, and only one may draw on it.
  const notice = (text: string): void =>
    interactive ? region.write(wrapped(mask(text), columns())) : void stderr.write(mask(text));
  const write = (text: string): void => (interactive ? region.write(mask(text)) : void stdout.write(mask(text)));
  const writer = createWriter({ columns, color, utc: options.utc, sourceOf: (file) => session.sourceOf(file) });
  const output: ShellOutput = { write, notice, writer };
  const session = createInteractiveSession({
    root: options.root,
    permissions: options.permissions,
    env: options.env,
    cacheDirectory: options.cacheDirectory,
    thread: options.thread,
    ...(options.limits ? { limits: options.limits } : {}),
    port: activity.port,
    lookup: options.lookup,
    console(stream, text) {
      if (terminal) terminal.above(mask(text));
      else if (stream === "stdout") write(text);
      else notice(text);
    },
    onBackground(error, lastOutput) {
      const text = `${writer({ kind: "error", error, lastOutput })}\n`;
      if (terminal) terminal.above(mask(text));
      else notice(text);
    },
    onFault: options.onFault,
  });
  const recorder = createRecorder();
  const runner = createLineRunner({
    session,
    activity,
    recorder,
    output,
    watch: interactive ? watch : () => () => {},
    ...(interactive ? { remark } : {}),
  });

  /** Under a list of entries, that it is not all of them; under `exit`, how to leave. */
  async function remark(value: ValueDescription, source: string): Promise<void> {
    if (source.trim() === "exit") notice("Leave with .exit, exit() or Ctrl-D.\n");
    if (value.kind !== "array") return;
    // The list is here: that it can't be read again must not take its place.
    const late = new Promise<boolean>((resolve) => void setTimeout(resolve, REMARK_BOUND, false).unref());
    const hides = await Promise.race([activity.hidesAutomatic().catch(() => false), late]);
    if (hides)
      notice(`${paint("dim", "Automatic checks and metrics are left out; automatic: true shows them too.")}\n`);
  }

  /** Shows what a line waits for until it is over. */
  function watch(): () => void {
    const stop = followLine({ activity, api });
    region.show(() => {
      const rows = Math.max(3, Math.min(MOST_ROWS, (stdout.rows || 24) - 2));
      return waitingLines(activity.all(), { columns: columns() - 1, rows, paint, now: Date.now() });
    });
    return () => {
      stop();
      region.stop();
    };
  }

  async function describeServer(): Promise<string> {
    const me = await api.me();
    const { version, engine, startedAt } = me.server;
    return `${options.url} as ${me.name} (${me.role})\n  wilco ${version} on ${engine}, since ${startedAt}`;
  }

  const commands = createCommands({
    session,
    activity,
    runner,
    recorder,
    output,
    columns,
    describeServer,
    poll: options.poll,
    path: options.path,
    confirm: interactive ? async (question) => (await terminal?.confirm(question)) ?? false : undefined,
  });

  try {
    if (!interactive) return await piped();
    const names = createNames({ api });
    // In the background, so that the first Tab finds them.
    void names.refresh();
    const commandNames = [...commands.map(({ name }) => name), "editor"];
    notice(greeting(options, columns()));
    terminal = openTerminal({
      input: options.input,
      output: stdout,
      prompt: paint("bold", promptOf(options)),
      history: openHistory(options.historyFile),
      completer: createCompleter({ names, variables: runner.variables, commands: commandNames, columns }),
      runner,
      commands,
      interrupt: session.interrupt,
      notice,
    });
    options.signal.addEventListener("abort", terminal.close, { once: true });
    const exitCode = await terminal.ended;
    const left = goesOnNotice(activity.running());
    if (left !== undefined) stdout.write(`${forCommandLine(left)}\n`);
    if (options.signal.aborted) return { kind: "interrupted" };
    return { kind: "exit", exitCode };
  } finally {
    await session.stop();
  }

  async function piped(): Promise<PipedEnd> {
    const interrupted = new Promise<PipedEnd>((resolve) => {
      options.signal.addEventListener("abort", () => {
        session.interrupt();
        options.input.destroy();
        resolve({ kind: "interrupted" });
      });
    });
    const lines = runPiped({ input: options.input, runner, commands });
    const end = await Promise.race([lines, interrupted]);
    // The line that was interrupted says what goes on.
    if (end.kind === "interrupted") await lines.catch(() => {});
    return end;
  }
}

/** "admin@127.0.0.1:7070> " */
function promptOf({ me, url }: ShellOptions): string {
  return `${me.name}@${new URL(url).host}> `;
}

function greeting({ url, me, version }: ShellOptions, columns: number): string {
  const head = `wilco ${version} · ${url} as ${me.name}`;
  const more = ".help shows what to type, Ctrl-D leaves.";
  return columns < NARROW ? `${head}\n${more}\n` : `${head} · ${more}\n`;
}

/** Outside the shell there is another way back. */
function forCommandLine(notice: string): string {
  const ids = [...notice.matchAll(/entry (\d+)/g)].map(([, id]) => id);
  const kept = notice.split("\n").filter((line) => !/^ {2}(Wait|Cancel) /.test(line));
  return [
    ...kept,
    `  Wait:    wilco entry wait ${ids.join(" ")}`,
    `  Cancel:  wilco entry cancel ${ids.join(" ")}`,
  ].join("\n");
}
