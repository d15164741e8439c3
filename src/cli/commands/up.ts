/** `wilco up`: a local server in the background, ready when the command returns. Idempotent. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { readOwner } from "../../database/owner.ts";
import type { Context } from "../context.ts";
import { dataDirOf, SERVER_LOG_FILE } from "../data-dir.ts";
import { entryFile } from "../entry-file.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { printDocument } from "../output/documents.ts";
import { isReady } from "../readiness.ts";

export interface DataDirFlags {
  dataDir?: string;
}

export interface UpFlags extends DataDirFlags {
  host?: string;
  port?: string;
  worker: boolean;
  slots: string;
  types?: string;
}

/** Looks at owner.json and /readyz this often while the server starts. Starting takes about 300 ms. */
const LOOK_MS = 25;
const START_LIMIT_MS = 60_000;
const LOG_LINES_SHOWN = 5;

export async function upCommand(context: Context, flags: UpFlags): Promise<number> {
  const dataDir = dataDirOf(context, flags.dataDir);
  const { output } = context;
  const running = await readyUrl(dataDir);
  if (running !== undefined) {
    output.notice(`The local server runs already (data in ${dataDir}).`);
    return printUp(context, dataDir, running);
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const logFile = join(dataDir, SERVER_LOG_FILE);
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [...process.execArgv, entryFile(), ...serverArguments(dataDir, flags)], {
    detached: true,
    // Its worker runs what resources say, with paths as the person who starts it sees them.
    cwd: context.cwd,
    env: context.env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const interrupt = listenForInterrupt();
  output.live.show(() => "Starting the local server …");
  try {
    const url = await untilReady(child, dataDir, logFile, interrupt.signal);
    if (url === undefined) {
      child.kill("SIGTERM");
      output.warn("Interrupted: the local server was not started.");
      return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
    }
    child.unref();
    output.notice(`The local server is ready (data in ${dataDir}, log in ${logFile}). Stop it with: wilco down`);
    return await printUp(context, dataDir, url);
  } finally {
    output.live.stop();
    interrupt.dispose();
  }
}

async function printUp({ output }: Context, dataDir: string, url: string): Promise<number> {
  await printDocument(output, { url, dataDir, pid: readOwner(dataDir)?.pid ?? null }, () => `${url}\n`);
  return EXIT.succeeded;
}

function serverArguments(dataDir: string, flags: UpFlags): string[] {
  return [
    "server",
    "--data-dir",
    dataDir,
    // Several data directories on one machine must not fight for one port; the CLI finds it in owner.json.
    "--port",
    flags.port ?? "0",
    "--slots",
    flags.slots,
    ...(flags.host === undefined ? [] : ["--host", flags.host]),
    ...(flags.worker ? [] : ["--no-worker"]),
    ...(flags.types === undefined ? [] : ["--types", flags.types]),
  ];
}

async function readyUrl(dataDir: string): Promise<string | undefined> {
  const url = readOwner(dataDir)?.url;
  // After a crash the file stays, and its port may be another server's by now: only the lock proves who lives.
  if (typeof url !== "string" || !(await isHeld(dataDir))) return undefined;
  return (await isReady(url)) ? url : undefined;
}

/** undefined = interrupted. @throws WilcoError when the server ends before it is ready, with the end of its log. */
async function untilReady(
  child: ChildProcess,
  dataDir: string,
  logFile: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let ended: string | undefined;
  child.once("error", (error) => (ended = error.message));
  child.once("exit", (code, by) => (ended = code === null ? `signal ${by}` : `exit code ${code}`));
  const deadline = performance.now() + START_LIMIT_MS;
  while (!signal.aborted) {
    // Also after our child ended: another `wilco up` of the same moment may have won the directory.
    const url = await readyUrl(dataDir);
    if (url !== undefined) {
      if (readOwner(dataDir)?.pid !== child.pid) await endOwn(child, () => ended !== undefined);
      return url;
    }
    if (ended !== undefined && !(await anotherIsStarting(dataDir, child.pid)))
      throw notStarted(`ended with ${ended}`, logFile);
    if (performance.now() > deadline) {
      child.kill("SIGTERM");
      throw notStarted("was not ready within a minute", logFile);
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

function notStarted(why: string, logFile: string): WilcoError {
  let tail = "";
  try {
    tail = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LOG_LINES_SHOWN).join("\n  ");
  } catch {
    // no log, nothing to show of it
  }
  return new WilcoError({
    code: "unavailable",
    message: `The local server ${why}${tail === "" ? "" : `. The end of its log:\n  ${tail}\n`}`,
    hint: `Look at its log: ${logFile}`,
  });
}
