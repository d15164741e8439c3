/** Runs a command to its end: own process group, output streamed, killed as a tree on abort. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { childEnvironment, requireCommand, requireDirectory, spawnError } from "./environment.ts";
import type { Guard } from "./guard.ts";
import { killTree } from "./kill-tree.ts";
import { OperationError } from "./operation-error.ts";
import { openSpawnRecord, type OpenSpawnRecord, SPAWN_VARIABLE } from "./spawn-record.ts";
import { createCapture } from "./capture.ts";
import { createTail, tellingLine, type Tail } from "./tail.ts";

export interface ExecOptions {
  /** Default: the worker's working directory. */
  cwd?: string;
  /** Added to the worker's environment, from which everything named WILCO_… is taken out. */
  env?: Record<string, string>;
  /** Written to its stdin, which is then closed. Default: no stdin. */
  stdin?: string | Uint8Array;
  /** The first element is a script of /bin/sh, the others are its $1, $2 … Never put a value into the script's text. */
  shell?: boolean;
  /** Append its output to the entry's. Default true. */
  stream?: boolean;
  /** Bytes kept of stdout and of stderr for the result, from their beginning. Default 1 MiB each. */
  capture?: number;
  /** true: do not throw when it ends with another code than 0 or by a signal; a list: nor with these codes. Default false. */
  allowFailure?: boolean | readonly number[];
}

export interface ExecResult {
  /** null when a signal ended it. */
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** As UTF-8, up to `capture` bytes. */
  stdout: string;
  stderr: string;
  /** More was written than kept. */
  truncated: boolean;
}

/**
 * Resolves when the command has ended, its output is read, and nothing it left in its process group runs any more; a
 * program that is to go on calls setsid, or is a `process` resource.
 * @param argv the program and its arguments; no shell looks at them.
 * @throws OperationError `exit_code` or `killed_by_signal` (details: exitCode, signal, lastLines), `command_not_found`,
 *   `bad_cwd` and others; the abort's reason when the execution is aborted.
 */
export type Exec = (argv: readonly string[], options?: ExecOptions) => Promise<ExecResult>;

export interface ExecHost {
  signal: AbortSignal;
  /** Where the record of what is spawned goes. */
  tempDir: () => string;
  /** Ends commands when this process is killed. Default: none does. */
  guard?: Guard;
  output: (data: Uint8Array, stream: "stdout" | "stderr") => Promise<void>;
  /** ms between the polite signal and SIGKILL. */
  killGrace: number;
  /** In the environment of every command. */
  environment: Record<string, string>;
}

export interface ExecPool {
  exec: Exec;
  /** Kills whatever still runs, at once, and waits for its end: for handlers that did not wait for their commands. */
  killAll(): Promise<void>;
}

const DEFAULT_CAPTURE = 1024 * 1024;
/** ms for what a command left behind (the tee of a shell's redirection, say) to end by itself before it is ended. */
const AFTER_EXIT = 1_000;

export function createExecPool(host: ExecHost): ExecPool {
  const running = new Set<number>();

  const exec: Exec = async (argv, options = {}) => {
    requireCommand(argv);
    if (options.cwd !== undefined) await requireDirectory(options.cwd);
    host.signal.throwIfAborted();
    const { child, record } = await spawnRecorded(host, argv, options);
    const group = child.pid!;
    running.add(group);
    // One kill at a time, and the last word waits for it.
    let killing: Promise<unknown> | undefined;
    const abort = () => {
      killing ??= killTree(group, { grace: host.killGrace });
    };
    host.signal.addEventListener("abort", abort);
    try {
      return await attend(child, argv[0], host, options, () => killing);
    } finally {
      host.signal.removeEventListener("abort", abort);
      running.delete(group);
      record.ended();
    }
  };

  return {
    exec,
    async killAll() {
      await Promise.all([...running].map((group) => killTree(group, { grace: 0 })));
    },
  };
}

async function spawnRecorded(
  host: ExecHost,
  argv: readonly [string, ...string[]],
  options: ExecOptions,
): Promise<{ child: ChildProcess; record: OpenSpawnRecord }> {
  const record = openSpawnRecord(host.tempDir(), host.guard);
  const file = options.shell ? "/bin/sh" : argv[0];
  const args = options.shell ? ["-c", argv[0], "sh", ...argv.slice(1)] : argv.slice(1);
  const env = { ...host.environment, ...options.env, [SPAWN_VARIABLE]: record.token };
  let child: ChildProcess;
  try {
    child = spawn(file, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: childEnvironment(env),
      detached: true,
      stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
  } catch (error) {
    throw spawnError(argv[0], error as NodeJS.ErrnoException);
  }
  if (child.pid === undefined) {
    const [error] = (await once(child, "error")) as [NodeJS.ErrnoException];
    throw spawnError(argv[0], error);
  }
  try {
    record.spawned(child.pid);
  } catch (error) {
    // Nobody would find it again after a crash of this worker.
    await killTree(child.pid, { grace: 0 });
    throw error;
  }
  if (child.stdin) {
    // A command may end without reading its input: EPIPE is its own affair.
    child.stdin.on("error", () => {});
    child.stdin.end(options.stdin);
  }
  return { child, record };
}

async function attend(
  child: ChildProcess,
  program: string,
  host: ExecHost,
  options: ExecOptions,
  killing: () => Promise<unknown> | undefined,
): Promise<ExecResult> {
  const tail = createTail();
  const capture = options.capture ?? DEFAULT_CAPTURE;
  const forward = options.stream === false ? null : host.output;
  const stdout = readPipe(child.stdout!, { tail, capture, forward: forward && ((data) => forward(data, "stdout")) });
  const stderr = readPipe(child.stderr!, { tail, capture, forward: forward && ((data) => forward(data, "stderr")) });
  const pipes = [stdout, stderr];

  const [exitCode, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (host.signal.aborted) {
    await killing();
    for (const pipe of pipes) pipe.close();
    await Promise.all(pipes.map((pipe) => pipe.ended));
    throw host.signal.reason;
  }
  await drained(pipes);
  await killTree(child.pid!, { grace: host.killGrace });
  await drained(pipes);
  // What is still open now was inherited by a daemon that has left the group.
  for (const pipe of pipes) pipe.close();
  await Promise.all(pipes.map((pipe) => pipe.ended));
  await killing();
  host.signal.throwIfAborted();

  requireAllowed(program, { exitCode, signal }, tail.lines(), options.allowFailure);
  return {
    exitCode,
    signal,
    stdout: stdout.captured(),
    stderr: stderr.captured(),
    truncated: stdout.truncated() || stderr.truncated(),
  };
}

function isAllowed(exitCode: number | null, allowed: ExecOptions["allowFailure"]): boolean {
  if (typeof allowed === "object") return exitCode !== null && allowed.includes(exitCode);
  return allowed === true;
}

interface PipeReader {
  ended: Promise<void>;
  /** The receiver of its data is what makes it wait, not the command. */
  blocked(): boolean;
  captured(): string;
  truncated(): boolean;
  close(): void;
}

function readPipe(
  pipe: Readable,
  { tail, capture, forward }: { tail: Tail; capture: number; forward: ((data: Uint8Array) => Promise<void>) | null },
): PipeReader {
  const captured = createCapture(capture);
  let blocked = false;
  const read = async () => {
    for await (const data of pipe as AsyncIterable<Buffer>) {
      tail.add(data);
      captured.add(data);
      if (!forward) continue;
      // While this waits the pipe is not read, and its writer is held by the system.
      blocked = true;
      await forward(data);
      blocked = false;
    }
  };
  return {
    // The only failure is the premature close that `close` makes.
    ended: read().catch(() => {}),
    blocked: () => blocked,
    captured: () => captured.bytes().toString("utf8"),
    truncated: captured.truncated,
    close: () => pipe.destroy(),
  };
}

/** Resolves when all pipes have ended, or after `AFTER_EXIT` not counting the time they were blocked. */
async function drained(pipes: PipeReader[]): Promise<void> {
  let done = false;
  const ended = Promise.all(pipes.map((pipe) => pipe.ended)).then(() => {
    done = true;
  });
  let left = AFTER_EXIT;
  // The pipes of most commands end with them, within this turn of the event loop.
  await Promise.race([ended, new Promise(setImmediate)]);
  while (!done && left > 0) {
    const before = performance.now();
    const timer = new AbortController();
    await Promise.race([ended, sleep(Math.min(left, 50), undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    if (!pipes.some((pipe) => pipe.blocked())) left -= performance.now() - before;
  }
}

/** @throws OperationError `exit_code` or `killed_by_signal`, unless such an end is allowed. */
export function requireAllowed(
  program: string,
  { exitCode, signal }: Pick<ExecResult, "exitCode" | "signal">,
  lastLines: string[],
  allowed: ExecOptions["allowFailure"],
): void {
  if (exitCode === 0 || isAllowed(exitCode, allowed)) return;
  const how = signal === null ? `exited with code ${exitCode}` : `was ended by ${signal}`;
  const last = tellingLine(lastLines);
  throw new OperationError({
    code: signal === null ? "exit_code" : "killed_by_signal",
    message: `${program} ${how}${last === undefined ? " without any output" : `: ${last}`}`,
    details: { exitCode, signal, lastLines },
  });
}
