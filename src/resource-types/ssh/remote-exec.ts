/** Runs a command or a script of ours on a host to its end: output streamed, ended as a tree on abort. */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { randomId } from "../../core/ids.ts";
import type { OperationError } from "../operation-error.ts";
import { createCapture } from "../capture.ts";
import { createTail, type Tail } from "../tail.ts";
import type { SshConnection } from "./connect.ts";
import { shownEndpoint, type SshTarget } from "./connection.ts";
import type { SshConnections } from "./connections.ts";
import { KILL_SCRIPT, REMOTE_GRACE } from "./remote-kill.ts";
import { connectionLost, type RemoteSession, startRemote } from "./remote-session.ts";
import { commandLine, type RemoteCommand, scriptLine } from "./shell-text.ts";

export interface RemoteRun {
  signal: AbortSignal;
  /** Written to its input, which is then closed. */
  stdin?: string | Uint8Array | (() => Readable);
  /** Where its output goes while it runs; null = it is only captured. */
  output: ((data: Uint8Array, stream: "stdout" | "stderr") => Promise<void>) | null;
  /** Bytes kept of stdout and of stderr, from their beginning. */
  capture: number;
}

export interface RemoteResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: Buffer;
  truncated: boolean;
  lastLines: string[];
}

export interface RemoteHost {
  /** @throws OperationError as openSsh and startRemote do, and `connection_lost`; the abort's reason. */
  command(command: RemoteCommand, run: RemoteRun): Promise<RemoteResult>;
  /** A script for /bin/sh; values are its arguments. */
  script(script: string, args: readonly string[], run: RemoteRun): Promise<RemoteResult>;
  /** In messages: "deploy@10.0.0.9". */
  name: string;
}

/** ms for what a command left behind to let go of its output by itself, before it is ended. */
const AFTER_EXIT = 1_000;
/** ms for ending what runs there: grace, SIGKILL, and the way there and back. A worker gives up handlers after 8 s. */
const KILL_LIMIT = 7_000;

export function createRemoteHost(target: SshTarget, connections: SshConnections): RemoteHost {
  const host = shownEndpoint(target);

  async function run(lineOf: (token: string) => string, options: RemoteRun): Promise<RemoteResult> {
    const token = randomId();
    const line = lineOf(token);
    return connections.use(target, options.signal, async (connection) => {
      const { become } = target;
      const session = await startRemote({ connection, host, token, become, line, signal: options.signal });
      return attend(session, connection, token, options);
    });
  }

  async function attend(
    session: RemoteSession,
    connection: SshConnection,
    token: string,
    { signal, stdin, output, capture }: RemoteRun,
  ): Promise<RemoteResult> {
    const { channel } = session;
    // Its output is nobody's then, and the start's last word may still be in it.
    if (signal.aborted) return abandon(session, connection, signal);
    const tail = createTail();
    const reading = { tail, capture };
    const readers = [
      readStream(channel, session.stdout, { ...reading, forward: output && ((data) => output(data, "stdout")) }),
      readStream(channel.stderr, session.stderr, { ...reading, forward: output && ((data) => output(data, "stderr")) }),
    ] as const;
    // The command may end without reading its input: that is its own affair.
    channel.on("error", () => {});
    const source = typeof stdin === "function" ? stdin() : null;
    if (source) feed(source, channel);
    else channel.end(stdin as string | Uint8Array | undefined);
    let killing = false;
    const killed = Promise.withResolvers<void>();
    const abort = () => {
      killing = true;
      void killOver(connection, session.pid).then(() => killed.resolve());
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      await Promise.race([session.exited, session.closed, killed.promise]);
      if (!killing && session.exit) await endRest(session, connection, readers, signal);
      await Promise.race([session.closed, killed.promise]);
    } finally {
      signal.removeEventListener("abort", abort);
      source?.destroy();
    }
    if (killing) {
      await killed.promise;
      channel.close();
      for (const reader of readers) reader.stop();
      throw signal.reason;
    }
    if (!session.exit) throw await lost(connection, session.pid, token, signal);
    await Promise.all(readers.map((reader) => reader.ended));
    const [stdout, stderr] = readers;
    return {
      ...session.exit,
      stdout: stdout.captured(),
      stderr: stderr.captured(),
      truncated: stdout.truncated() || stderr.truncated(),
      lastLines: tail.lines(),
    };
  }

  /** For what was aborted while it started. */
  async function abandon(session: RemoteSession, connection: SshConnection, signal: AbortSignal): Promise<never> {
    session.channel.on("error", () => {}).resume();
    session.channel.stderr.on("error", () => {}).resume();
    await killOver(connection, session.pid);
    session.channel.close();
    throw signal.reason;
  }

  /** sshd keeps the channel open while somebody holds its output: what was left behind is ended, as on a worker. */
  async function endRest(
    session: RemoteSession,
    connection: SshConnection,
    readers: readonly StreamReader[],
    signal: AbortSignal,
  ): Promise<void> {
    let done = false;
    void session.closed.then(() => (done = true));
    let left = AFTER_EXIT;
    while (!done && left > 0 && !signal.aborted) {
      const before = performance.now();
      await Promise.race([session.closed, sleep(Math.min(left, 50))]);
      // Time in which our own receiver held it up does not count.
      if (!readers.some((reader) => reader.blocked())) left -= performance.now() - before;
    }
    if (done || signal.aborted) return;
    await killOver(connection, session.pid);
    await Promise.race([session.closed, sleep(AFTER_EXIT)]);
    session.channel.close();
    // What still holds its output has left the group on purpose.
    for (const reader of readers) reader.stop();
  }

  /** The connection is gone and the exit unknown. What may still run there is ended over a new one, if there is a way. */
  async function lost(
    connection: SshConnection,
    pid: number,
    token: string,
    signal: AbortSignal,
  ): Promise<OperationError> {
    const why = await Promise.race([
      connection.lost,
      sleep(100, "the host closed the session without telling an exit code"),
    ]);
    if (pid === 0) return connectionLost(host, why);
    const ended = await connections
      .use(target, signal, (anew) => killOver(anew, pid, token))
      .catch(() => "unreachable");
    const end = ended === "gone" ? " Nothing of it runs there any more." : " Whether it still runs there is not known.";
    return connectionLost(host, why, end);
  }

  /** @returns what the script says, or why it could not be asked. Never rejects, and does not wait for ever. */
  async function killOver(connection: SshConnection, pid: number, token = ""): Promise<string> {
    const limit = AbortSignal.timeout(KILL_LIMIT);
    const own = randomId();
    const args = [String(pid), String(REMOTE_GRACE), token];
    try {
      const line = scriptLine(own, KILL_SCRIPT, args);
      const session = await startRemote({ connection, host, token: own, become: target.become, line, signal: limit });
      const said = readStream(session.channel, session.stdout, { tail: createTail(), capture: 4_096, forward: null });
      session.channel.stderr.resume();
      session.channel.on("error", () => {}).end();
      await Promise.race([said.ended, session.closed, aborted(limit)]);
      session.channel.close();
      return said.captured().toString("utf8").trim().split(" ")[0] || "no answer";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  return {
    name: host,
    command: (command, options) => run((token) => commandLine(token, command), options),
    script: (script, args, options) => run((token) => scriptLine(token, script, args), options),
  };
}

interface StreamReader {
  ended: Promise<void>;
  /** The receiver of its data is what makes it wait, not the host. */
  blocked(): boolean;
  captured(): Buffer;
  truncated(): boolean;
  stop(): void;
}

/** A source that can't be read ends the input early, which the script there notices. */
function feed(source: Readable, channel: RemoteSession["channel"]): void {
  source.on("error", () => channel.end());
  source.pipe(channel);
}

function readStream(
  stream: Readable,
  first: Buffer,
  { tail, capture, forward }: { tail: Tail; capture: number; forward: ((data: Uint8Array) => Promise<void>) | null },
): StreamReader {
  const captured = createCapture(capture);
  let blocked = false;
  let turn = Promise.resolve();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();

  function take(data: Buffer): void {
    if (data.length === 0) return;
    tail.add(data);
    captured.add(data);
    if (!forward) return;
    // While this waits the channel is not read, its window is not opened further, and the writer there is held.
    blocked = true;
    stream.pause();
    turn = turn
      .then(() => forward(data))
      .then(() => {
        blocked = false;
        stream.resume();
      });
  }

  stream.on("data", take);
  stream.on("end", () => void turn.then(end));
  take(first);
  if (!blocked) stream.resume();
  return {
    ended,
    blocked: () => blocked,
    captured: captured.bytes,
    truncated: captured.truncated,
    stop() {
      stream.off("data", take).resume();
      end();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
