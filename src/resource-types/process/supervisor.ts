/**
 * Starts and stops managed processes. Each is detached, in a process group of its own, writes its log to a file and
 * outlives its worker; what identifies it is on disk before and after the spawn, so that it is never started twice.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration } from "../../core/durations.ts";
import { randomId } from "../../core/ids.ts";
import { childEnvironment, requireCommand, requireDirectory, spawnError } from "../environment.ts";
import { killTree } from "../kill-tree.ts";
import { OperationError } from "../operation-error.ts";
import { findProcess, type ProcessInfo } from "../process-table.ts";
import { lastLines, tellingLine } from "../tail.ts";
import type { ProcessConfiguration } from "./configuration.ts";
import type { ProcessConnection } from "./connection.ts";
import { rotateLog, tailLog } from "./process-log.ts";
import {
  leftovers,
  locate,
  type ProcessExit,
  type ProcessState,
  readState,
  START_VARIABLE,
  writeState,
} from "./process-state.ts";
import { answers, describeCheck } from "./readiness.ts";

/** One managed process and where its files are. */
export interface Managed {
  name: string;
  connection: ProcessConnection;
  /** What it is started with beside its connection. */
  configuration: ProcessConfiguration;
  stateFile: string;
  logFile: string;
  /** Of its releases. */
  directory: string;
  /** The directory of what was deployed, in which it runs; null = nothing was. */
  release: string | null;
  signal: AbortSignal;
}

export function inRelease(managed: Managed, { path }: { path: string }): Managed {
  return { ...managed, release: path };
}

export interface Started {
  pid: number;
  /** False when it ran already. */
  started: boolean;
  startedAt: string;
  /** null = it has no ready check. */
  ready: true | null;
}

export interface Stopped {
  pid: number | null;
  wasRunning: boolean;
  /** The signal that was needed; null when it was not running. */
  signal: NodeJS.Signals | null;
  exit: ProcessExit | null;
}

export interface Supervisor {
  /** @throws OperationError `process_died`, `not_ready`, `address_in_use`, `command_not_found` and others. */
  start(managed: Managed): Promise<Started>;
  /** @param grace ms between the stop signal and SIGKILL; 0 = SIGKILL at once. @throws OperationError `not_stopped`. */
  stop(managed: Managed, grace: number): Promise<Stopped>;
  look(managed: Managed): { running: ProcessInfo | null; state: ProcessState | null };
}

export function createSupervisor(): Supervisor {
  /** How the processes that this very Node process spawned end: nobody else is told. By token. */
  const exits = new Map<string, Promise<ProcessExit>>();

  function look(managed: Managed) {
    const state = readState(managed.stateFile);
    if (!state) return { running: null, state };
    const found = locate(state);
    if (found.state !== state) writeState(managed.stateFile, found.state);
    return found;
  }

  async function start(managed: Managed): Promise<Started> {
    const { running, state } = look(managed);
    if (running && state) return { ...(await whenReady(managed, state)), started: false };
    const left = state && leftovers(state);
    if (left) await killTree(left, { grace: managed.connection.stopTimeout, abort: managed.signal });
    await requireFree(managed);
    return { ...(await whenReady(managed, await launch(managed))), started: true };
  }

  async function launch(managed: Managed): Promise<ProcessState> {
    const { configuration } = managed;
    const command = [...managed.connection.command, ...configuration.args];
    const { env } = managed.connection;
    const cwd = workingDirectory(managed);
    requireCommand(command);
    if (cwd !== null) await requireDirectory(cwd);
    managed.signal.throwIfAborted();
    const intent: ProcessState = {
      resource: managed.name,
      command,
      configuration: { ...configuration },
      token: randomId(),
      pid: null,
      startTime: null,
      startedAt: new Date().toISOString(),
      logOffset: rotateLog(managed.logFile),
      stopRequested: false,
      exit: null,
    };
    writeState(managed.stateFile, intent);
    const log = openSync(managed.logFile, "a", 0o600);
    let child: ChildProcess;
    try {
      child = spawn(command[0], command.slice(1), {
        ...(cwd === null ? {} : { cwd }),
        env: childEnvironment({ ...env, ...configuration.env, [START_VARIABLE]: intent.token }),
        detached: true,
        stdio: ["ignore", log, log],
      });
    } finally {
      closeSync(log);
    }
    if (child.pid === undefined) {
      const [error] = (await once(child, "error")) as [NodeJS.ErrnoException];
      writeState(managed.stateFile, { ...intent, exit: { code: null, signal: null, at: new Date().toISOString() } });
      throw spawnError(command[0], error);
    }
    const { state } = locate({ ...intent, pid: child.pid, ...startTimeOf(child.pid) });
    writeState(managed.stateFile, state);
    exits.set(state.token, recordExit(child, managed.stateFile, state.token));
    // The worker may end while it runs.
    child.unref();
    return state;
  }

  async function recordExit(child: ChildProcess, stateFile: string, token: string): Promise<ProcessExit> {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    const exit: ProcessExit = { code, signal, at: new Date().toISOString() };
    exits.delete(token);
    try {
      const state = readState(stateFile);
      if (state?.token === token) writeState(stateFile, { ...state, exit });
    } catch {
      // Nobody waits here who could be told, and a disk that can't be written fails the next start with its reason.
    }
    return exit;
  }

  /** How it ended: at once if this worker is its parent, or as another one wrote down, or null = nobody saw it. */
  async function exitOf(managed: Managed, token: string): Promise<ProcessExit | null> {
    return (await exits.get(token)) ?? readState(managed.stateFile)?.exit ?? null;
  }

  async function whenReady(managed: Managed, state: ProcessState): Promise<Omit<Started, "started">> {
    const { ready, readyTimeout, settle } = managed.connection;
    const { signal } = managed;
    const start = performance.now();
    const limit = ready ? readyTimeout : settle;
    for (let delay = 20; ; delay = Math.min(250, delay * 1.5)) {
      const isReady = ready !== null && (await answers(ready, signal));
      // After the look: an answer may come from somebody else while this one is already dead.
      if (!locate(state).running) throw await died(managed, state);
      const waited = performance.now() - start;
      if (isReady || (ready === null && (waited >= limit || settled(state, limit)))) break;
      if (waited >= limit) throw notReady(managed, state);
      // Its end cuts the pause short.
      const pause = sleep(Math.max(1, Math.min(delay, limit - waited)), undefined, { signal });
      await Promise.race([pause, exits.get(state.token) ?? pause]);
      pause.catch(() => {});
    }
    return { pid: state.pid!, startedAt: state.startedAt, ready: ready ? true : null };
  }

  async function died(managed: Managed, state: ProcessState): Promise<OperationError> {
    const exit = await exitOf(managed, state.token);
    const lines = lastLines((await tailLog(managed.logFile, 20, state.logOffset)).lines.join("\n"), 20);
    const how = exit?.signal ? `was ended by ${exit.signal}` : exit ? `exited with code ${exit.code}` : "ended";
    const last = tellingLine(lines);
    return new OperationError({
      code: "process_died",
      message: `${managed.name} ${how} while starting${last === undefined ? " and logged nothing" : `: ${last}`}`,
      hint: `Its log is ${managed.logFile} on the worker.`,
      details: { exitCode: exit?.code ?? null, signal: exit?.signal ?? null, lastLines: lines },
    });
  }

  async function stop(managed: Managed, grace: number): Promise<Stopped> {
    const { running, state } = look(managed);
    const group = running?.pid ?? (state && leftovers(state));
    if (!state || !group) return { pid: null, wasRunning: false, signal: null, exit: state?.exit ?? null };
    writeState(managed.stateFile, { ...state, stopRequested: true });
    const { stopSignal } = managed.connection;
    const { signal, left } = await killTree(group, { signal: stopSignal, grace, abort: managed.signal });
    if (left.length > 0) {
      throw new OperationError({
        code: "not_stopped",
        message: `${managed.name} does not end, not even by SIGKILL: process ${left.join(", ")}.`,
        hint: "It hangs in the kernel (a dead disk or network file system), or belongs to another user.",
      });
    }
    return { pid: group, wasRunning: running !== null, signal, exit: await exitOf(managed, state.token) };
  }

  return { start, stop, look };
}

/**
 * What was deployed is where it runs; a relative `cwd` is then inside of it. An absolute one was for the time before the
 * first deploy: were it kept, what runs would not be what was deployed.
 */
function workingDirectory({ connection: { cwd }, release }: Managed): string | null {
  if (release === null) return cwd;
  return cwd === null || isAbsolute(cwd) ? release : resolve(release, cwd);
}

function startTimeOf(pid: number): { startTime: string | null } {
  return { startTime: findProcess(pid)?.startTime ?? null };
}

/** A process found running was started earlier, perhaps long ago. */
function settled(state: ProcessState, settle: number): boolean {
  return Date.now() - Date.parse(state.startedAt) >= settle;
}

/** Somebody else's answer would make a process look ready that is about to fail on the occupied port. */
async function requireFree({ name, connection: { ready }, signal }: Managed): Promise<void> {
  if (!ready || !(await answers(ready, signal))) return;
  throw new OperationError({
    code: "address_in_use",
    message: `${name} is not running, yet ${describeCheck(ready)} answers: another process has its address.`,
    hint: "Stop that process, or correct the resource's ready check.",
  });
}

function notReady({ name, connection, logFile }: Managed, state: ProcessState): OperationError {
  return new OperationError({
    code: "not_ready",
    message: `${name} runs (pid ${state.pid}), but ${describeCheck(connection.ready!)} did not answer within ${formatDuration(connection.readyTimeout)}.`,
    hint: `It goes on running; its log is ${logFile} on the worker.`,
  });
}
