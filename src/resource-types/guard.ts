/**
 * Ends what this process has started when this process is killed and can't do it any more (kill -9, a crash): a shell
 * that reads a pipe whose other end nobody else has. Started with the first process there is to watch. See
 * docs/decisions/0017-a-guard-for-what-a-dead-worker-leaves.md.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { guardScript } from "./guard-script.ts";
import type { Log } from "./log.ts";

export interface Guard {
  /**
   * Until `forget` is called, the group that this process leads ends with this process, and whoever descends from it.
   * Never waits, and never fails: without a guard, records on disk are what is left.
   */
  watch(started: Watched): void;
  forget(pid: number): void;
  /** Resolves when it is gone; with something still watched, at once, and then it ends that by itself. */
  stop(): Promise<void>;
}

export interface Watched {
  pid: number;
  /** As the process table has it. */
  startTime: string;
  /** Value of the spawn variable in its environment. */
  token: string;
}

export interface GuardOptions {
  /** The variable whose value is the token. */
  variable: string;
  /** Told when there can be none. Default: nobody is. */
  log?: Pick<Log, "warn">;
  /** ms between the polite signal and SIGKILL. Default 2 s. */
  grace?: number;
  /** A POSIX shell. Default /bin/sh. */
  path?: string;
}

/** Bytes that it has not read: it hangs, or somebody has stopped it. */
const MOST_UNREAD = 256 * 1024;

interface Shell {
  process: ChildProcess;
  input: Socket;
}

export function createGuard({ variable, log, grace = 2_000, path = "/bin/sh" }: GuardOptions): Guard {
  /** The line of each. */
  const watched = new Map<number, string>();
  let shell: Shell | null = null;
  /** This machine has no shell. */
  let impossible = false;

  function start(): void {
    let child: ChildProcess;
    try {
      child = spawnShell();
    } catch (error) {
      return unguarded(error as NodeJS.ErrnoException);
    }
    child.once("error", unguarded);
    if (child.pid === undefined) return;
    child.once("exit", () => {
      if (shell?.process === child) shell = null;
    });
    const input = child.stdin as Socket;
    // Its end is told by "exit".
    input.on("error", () => {});
    // It is no reason for this process to go on.
    child.unref();
    input.unref();
    shell = { process: child, input };
    input.write([...watched.values()].join(""));
  }

  function spawnShell(): ChildProcess {
    return spawn(path, ["-c", 'eval "$GUARD"', "wilco-guard"], {
      // Nothing of ours: it needs no credentials, and it must not hold a directory that somebody wants to unmount.
      cwd: "/",
      env: {
        PATH: process.env["PATH"] ?? "/usr/bin:/bin",
        GUARD: script(),
        VARIABLE: variable,
        TRIES: String(Math.ceil(grace / 100)),
      },
      // A Ctrl-C at the terminal is for the worker, which may have a long time to go on.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
  }

  function unguarded(error: NodeJS.ErrnoException): void {
    // Several may have been tried before the first one failed.
    if (impossible) return;
    impossible = error.code === "ENOENT" || error.code === "EACCES";
    log?.warn(
      { error: error.message },
      "no guard: what this worker runs goes on if it is killed, until its next start",
    );
  }

  function tell(line: string): void {
    if (shell === null) return;
    shell.input.write(line);
    if (shell.input.writableLength <= MOST_UNREAD) return;
    shell.process.kill("SIGKILL");
    shell = null;
  }

  return {
    watch({ pid, startTime, token }) {
      const line = `+ ${pid}:${token}:${inTheScript(startTime)}\n`;
      watched.set(pid, line);
      if (shell !== null) tell(line);
      else if (!impossible) start();
    },
    forget(pid) {
      if (watched.delete(pid)) tell(`- ${pid}\n`);
    },
    async stop() {
      if (shell === null) return;
      const { process: child, input } = shell;
      shell = null;
      const busy = watched.size > 0;
      watched.clear();
      if (busy) return void input.end();
      // It has nothing to do any more, and does not keep anybody waiting, even if somebody has stopped it.
      child.ref();
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

const LINUX = process.platform === "linux";
const script = () => guardScript(LINUX ? "proc" : "ps");

/** Without the boot, which it does not survive, and in one word. */
function inTheScript(startTime: string): string {
  return LINUX ? startTime.slice(startTime.lastIndexOf("/") + 1) : startTime.replaceAll(" ", "_");
}
