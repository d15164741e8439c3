/** `wilco up`: a local server in the background, ready when the command returns. Idempotent. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import { join } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { makeDirectory } from "../../core/make-directory.ts";
import { readOwner } from "../../database/owner.ts";
import { scriptPoolArguments, type ScriptPoolFlags } from "../composition/script-pool-flags.ts";
import type { Context } from "../context.ts";
import { dataDirOf, SERVER_LOG_FILE } from "../data-dir.ts";
import { DATABASE_URL_VARIABLE } from "../database-url.ts";
import { entryFile } from "../entry-file.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { printDocument } from "../output/documents.ts";
import { keepPort, lastPort } from "../last-port.ts";
import { readinessOf } from "../readiness.ts";
import { runningThere } from "../running-there.ts";
import { notReady, serverEnded, type ServerEnd, type StartLog } from "../start-failure.ts";

export interface DataDirFlags {
  dataDir?: string;
}

export interface UpFlags extends DataDirFlags, ScriptPoolFlags {
  host?: string;
  port?: string;
  worker: boolean;
  slots: string;
  types?: string;
}

/** Looks at owner.json and /readyz this often while the server starts. Starting takes about 300 ms. */
const LOOK_MS = 25;
const START_LIMIT_MS = 60_000;
/** A server that has nothing left to do ends sooner. */
const STOP_LIMIT_MS = 5_000;
const DEFAULT_HOST = "127.0.0.1";

export async function upCommand(context: Context, flags: UpFlags): Promise<number> {
  const dataDir = dataDirOf(context, flags.dataDir);
  const { output } = context;
  const running = await readyUrl(dataDir);
  if (running !== undefined) {
    output.notice(`The local server runs already (data in ${dataDir}).`);
    const given = startFlags(flags);
    if (given.length > 0) {
      const what = given.length === 1 ? `${given[0]} is not applied` : `${given.join(", ")} are not applied`;
      output.warn(
        `${output.paintErr.yellow("note:")} it keeps what it was started with, so ${what}.\n  Stop it first: wilco down`,
      );
    }
    return printUp(context, dataDir, running);
  }
  await untilStopped(dataDir);
  const logFile = join(dataDir, SERVER_LOG_FILE);
  const log = openLog(dataDir, logFile);
  const startLog: StartLog = { file: logFile, from: fstatSync(log).size };
  const host = flags.host ?? DEFAULT_HOST;
  const port = flags.port ?? (await lastPort(dataDir, host));
  const child = spawn(
    process.execPath,
    [...process.execArgv, entryFile(), ...serverArguments(dataDir, { ...flags, port })],
    {
      detached: true,
      // Its worker runs what resources say, with paths as the person who starts it sees them.
      cwd: context.cwd,
      // A local server is embedded, whatever cluster the surroundings name.
      env: { ...context.env, [DATABASE_URL_VARIABLE]: undefined },
      stdio: ["ignore", log, log],
    },
  );
  closeSync(log);
  const interrupt = listenForInterrupt();
  output.live.show(() => "Starting the local server …");
  try {
    const url = await untilReady(child, dataDir, startLog, interrupt.signal);
    if (url === undefined) {
      child.kill("SIGTERM");
      output.warn("Interrupted: the local server was not started.");
      return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
    }
    child.unref();
    keepPort(dataDir, url);
    output.notice(`The local server is ready (data in ${dataDir}, log in ${logFile}). Stop it with: wilco down`);
    return await printUp(context, dataDir, url);
  } finally {
    output.live.stop();
    interrupt.dispose();
  }
}

function openLog(dataDir: string, logFile: string): number {
  try {
    makeDirectory(dataDir, 0o700);
    return openSync(logFile, "a", 0o600);
  } catch (error) {
    throw new WilcoError({
      code: "data_directory_unusable",
      message: `The data directory ${dataDir} can't be used: ${whyUnwritable(error)}`,
      hint: "Name one that you may write, with --data-dir or WILCO_DATA_DIR.",
      cause: error,
    });
  }
}

async function printUp({ output }: Context, dataDir: string, url: string): Promise<number> {
  await printDocument(output, { url, dataDir, pid: readOwner(dataDir)?.pid ?? null }, () => `${url}\n`);
  return EXIT.succeeded;
}

/** Flags that say how a server starts, as they were given. */
function startFlags({ host, port, types, worker }: UpFlags): string[] {
  return [
    ...(host === undefined ? [] : ["--host"]),
    ...(port === undefined ? [] : ["--port"]),
    ...(types === undefined ? [] : ["--types"]),
    ...(worker ? [] : ["--no-worker"]),
  ];
}

function serverArguments(dataDir: string, flags: UpFlags & { port: string }): string[] {
  return [
    "server",
    "--data-dir",
    dataDir,
    // Several data directories on one machine must not fight for one port; the CLI finds it in owner.json.
    "--port",
    flags.port,
    "--slots",
    flags.slots,
    ...(flags.host === undefined ? [] : ["--host", flags.host]),
    ...(flags.worker ? [] : ["--no-worker"]),
    ...(flags.types === undefined ? [] : ["--types", flags.types]),
    ...scriptPoolArguments(flags),
  ];
}

async function readyUrl(dataDir: string): Promise<string | undefined> {
  const url = readOwner(dataDir)?.url;
  // After a crash the file stays, and its port may be another server's by now: only the lock proves who lives.
  if (typeof url !== "string" || !(await isHeld(dataDir))) return undefined;
  return (await readinessOf(url)) === "ready" ? url : undefined;
}

/**
 * Waits for a server that is about to end, for a moment.
 * @throws WilcoError `unavailable` when it goes on: what would be submitted to it would never begin.
 */
async function untilStopped(dataDir: string): Promise<void> {
  const deadline = performance.now() + STOP_LIMIT_MS;
  for (;;) {
    const url = readOwner(dataDir)?.url;
    // Without a URL it is starting, which `untilReady` waits for.
    if (typeof url !== "string" || !(await isHeld(dataDir)) || (await readinessOf(url)) !== "not ready") return;
    if (performance.now() > deadline) {
      const running = await runningThere(dataDir);
      throw new WilcoError({
        code: "unavailable",
        message: `The local server in ${dataDir} is not ready${running === undefined ? "" : `; it waits for ${running}`}`,
        hint: 'If it is stopping, "wilco down --now" ends what runs; "wilco status" says more.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** undefined = interrupted. @throws WilcoError when the server ends before it is ready, with what it said. */
async function untilReady(
  child: ChildProcess,
  dataDir: string,
  log: StartLog,
  signal: AbortSignal,
): Promise<string | undefined> {
  let ended: ServerEnd | undefined;
  child.once("error", (error) => (ended = { how: error.message, exit: null }));
  child.once("exit", (exit, by) => (ended = { how: exit === null ? `signal ${by}` : `exit code ${exit}`, exit }));
  const deadline = performance.now() + START_LIMIT_MS;
  while (!signal.aborted) {
    // Also after our child ended: another `wilco up` of the same moment may have won the directory.
    const url = await readyUrl(dataDir);
    if (url !== undefined) {
      if (readOwner(dataDir)?.pid !== child.pid) await endOwn(child, () => ended !== undefined);
      return url;
    }
    if (ended !== undefined && !(await anotherIsStarting(dataDir, child.pid))) throw serverEnded(ended, log);
    if (performance.now() > deadline) {
      child.kill("SIGTERM");
      throw notReady(log);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return undefined;
}

/** Another one won: ours, still on its way to the lock, must not take it when the winner is stopped. */
async function endOwn(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (hasEnded()) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exited;
}

async function anotherIsStarting(dataDir: string, ownPid: number | undefined): Promise<boolean> {
  const owner = readOwner(dataDir);
  if (owner === null || owner.pid === ownPid) return false;
  return isHeld(dataDir);
}

async function isHeld(dataDir: string): Promise<boolean> {
  const { isDataDirectoryHeld } = await import("../../database/data-directory.ts");
  return isDataDirectoryHeld(dataDir);
}
