/** A process of the drill that is killed, frozen and started again, always with the same command. */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

export interface Piece {
  readonly name: string;
  /** Resolves when it says that it is ready, with what `ready` matched; null when it was killed before. */
  start(): Promise<RegExpExecArray | null>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to stop, and waits for it. */
  stop(): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface PieceOptions {
  name: string;
  args: readonly string[];
  env: Record<string, string>;
  /** A line of stdout or stderr that says so. */
  ready: RegExp;
  /** Everything it writes is appended here. */
  logFile: string;
  /** It ended by itself. */
  onFault: (what: string) => void;
}

export function createPiece({ name, args, env, ready, logFile, onFault }: PieceOptions): Piece {
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const gone = new Promise((resolve) => ending.once("exit", resolve));
    ending.kill(signal);
    await gone;
  }

  return {
    name,
    start() {
      const started = spawn(process.execPath, args, {
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      child = started;
      // Nothing of a drill outlives it, however it ends.
      const abandon = () => started.kill("SIGKILL");
      process.once("exit", abandon);
      const log = createWriteStream(logFile, { flags: "a" });
      return new Promise((resolve) => {
        const said: string[] = [];
        for (const stream of [started.stdout, started.stderr]) {
          createInterface({ input: stream }).on("line", (line) => {
            log.write(`${line}\n`);
            if (said.push(line) > 20) said.shift();
            const match = ready.exec(line);
            if (match) resolve(match);
          });
        }
        started.once("error", (error) => onFault(`${name} does not start: ${error.message}`));
        started.once("close", (code, signal) => {
          log.end();
          process.off("exit", abandon);
          resolve(null);
          if (signal !== "SIGKILL" && code !== 0) onFault(`${name} ended with ${signal ?? code}:\n${said.join("\n")}`);
        });
      });
    },
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
}
