/** Child processes of a test: wait for a line instead of a time, and nothing outlives the test. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";

export interface StartOptions {
  cwd?: string;
  /** Added to (or, with undefined, taken from) this process's environment. */
  env?: Record<string, string | undefined>;
  /** Written to stdin, which is then closed. Default: stdin is empty. "open" leaves it open for `write`. */
  input?: string;
}

export interface Ended {
  /** The exit code; 128 + n when signal n ended it, as a shell has it. */
  code: number;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface TestProcess {
  pid: number;
  /** Everything written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /**
   * The first line of stdout or stderr, already there or still to come, that the pattern matches. Rejects with all
   * output when the process ends without one.
   */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  write(text: string): void;
  kill(signal?: NodeJS.Signals): void;
  /** Resolves when the process has ended and its output is read to the end. */
  ended: Promise<Ended>;
}

/**
 * Starts a process in a group of its own; the whole group is killed after the test that is running. (For processes of a
 * whole file use `spawnProcess`, and call `stop` in `afterAll`.)
 */
export function startProcess(command: string, args: readonly string[], options: StartOptions = {}): TestProcess {
  const started = spawnProcess(command, args, options);
  onTestFinished(started.stop);
  return started;
}

/** Like `startProcess`, but the caller ends it: `stop` kills its whole group and waits. */
export function spawnProcess(
  command: string,
  args: readonly string[],
  { cwd, env = {}, input }: StartOptions = {},
): TestProcess & { stop: () => Promise<void> } {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    detached: true,
    stdio: "pipe",
  });
  const lines: string[] = [];
  const waiting = new Set<(line: string) => void>();
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => (text[stream] += chunk));
    createInterface({ input: child[stream] }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look(line);
    });
  }
  child.stdin.on("error", () => {}); // it may end before it has read everything
  if (input !== "open") child.stdin.end(input ?? "");

  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      const number = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
      resolve({ code: number, signal, ...text });
    });
  });
  ended.catch(() => {}); // whoever awaits it hears of it; a test that does not must not fail for it

  return {
    pid: child.pid ?? -1,
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
    line(pattern) {
      return new Promise((resolve, reject) => {
        const look = (line: string) => {
          const match = pattern.exec(line);
          if (match === null) return false;
          waiting.delete(look);
          resolve(match);
          return true;
        };
        if (lines.some(look)) return;
        waiting.add(look);
        ended.then(
          () => reject(new Error(`${command} ended without a line like ${pattern}:\n${text.stdout}${text.stderr}`)),
          reject,
        );
      });
    },
    write: (more) => void child.stdin.write(more),
    kill: (signal = "SIGTERM") => void child.kill(signal),
    ended,
    async stop() {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL"); // the group, for what it started as well
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // all of it has ended by itself
      }
      await ended.catch(() => {});
    },
  };
}
