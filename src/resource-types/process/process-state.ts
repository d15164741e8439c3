/** What is on disk about a managed process, so that any later worker knows it again. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { JsonObject } from "../../core/json.ts";
import { onOwnDisk } from "../own-disk.ts";
import { findByEnvironment, findProcess, isRunning, type ProcessInfo } from "../process-table.ts";

/** In the environment of the process and of all it starts. */
export const START_VARIABLE = "WILCO_PROCESS";

export interface ProcessState {
  /** The resource's name when it was started, for people who read the file. */
  resource: string;
  command: string[];
  /** What it was started with beside its connection; missing where an older wilco started it. */
  configuration?: JsonObject;
  /** Names this start; also in the environment of the process. */
  token: string;
  /** null = about to be spawned: who died then may have left a process that only the token finds. */
  pid: number | null;
  startTime: string | null;
  /** ISO. */
  startedAt: string;
  /** Size of the log when it was started. */
  logOffset: number;
  /** It was asked to stop: its end is no surprise. */
  stopRequested: boolean;
  /** How it ended, when a worker saw it. */
  exit: ProcessExit | null;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** ISO. */
  at: string;
}

export function readState(file: string): ProcessState | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return JSON.parse(text) as ProcessState;
}

/** Whole or not at all. Not synced: a power cut that loses it has ended the process as well. */
export function writeState(file: string, state: ProcessState): void {
  const beside = `${file}.new`;
  onOwnDisk(file, () => {
    writeFileSync(beside, JSON.stringify(state, null, 2), { mode: 0o600 });
    renameSync(beside, file);
  });
}

/** The process that the state describes, if it runs, and the state with its identity when that was missing. */
export function locate(state: ProcessState): { running: ProcessInfo | null; state: ProcessState } {
  if (state.pid !== null && state.startTime !== null) {
    const running = isRunning({ pid: state.pid, startTime: state.startTime }) ? findProcess(state.pid) : null;
    return { running, state };
  }
  // Its worker died between the intent and the record. What it started carries the token; the first of them leads the
  // session, the others are its children.
  const running = findByEnvironment(START_VARIABLE, state.token).find((one) => one.pid === one.session) ?? null;
  return { running, state: running ? { ...state, pid: running.pid, startTime: running.startTime } : state };
}

/** Members of its group that outlived it: they would hold its ports and files against the next start. */
export function leftovers(state: ProcessState): number | null {
  if (state.pid === null) return null;
  const marked = findByEnvironment(START_VARIABLE, state.token).some((one) => one.group === state.pid);
  return marked ? state.pid : null;
}
