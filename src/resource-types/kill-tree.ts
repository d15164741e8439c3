/** Ends a process group and everything that descends from it: first asked, then killed. */
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, processTree, type ProcessInfo } from "./process-table.ts";

export interface KillTreeOptions {
  /** The first signal. Default SIGTERM. */
  signal?: NodeJS.Signals;
  /** ms between the first signal and SIGKILL; 0 = SIGKILL at once. */
  grace: number;
  /** Aborting it ends the wait (not the processes): `killTree` then rejects with the reason. */
  abort?: AbortSignal;
}

/** How long the kernel may take to remove what SIGKILL has hit; only a process in uninterruptible I/O takes longer. */
const KILL_WAIT = 2_000;

/**
 * @param group the group's id, which is its leader's pid. Nothing happens when nobody is left in it.
 * @returns the last signal that was needed, or null when nobody was there; `left` names who would not go.
 */
export async function killTree(
  group: number,
  options: KillTreeOptions,
): Promise<{ signal: NodeJS.Signals | null; left: number[] }> {
  const { signal = "SIGTERM", grace, abort } = options;
  // Whoever has left the group is found by descent, and descent is lost when a parent dies: so look before each signal
  // and remember.
  const seen = new Map<number, ProcessInfo>();
  const alive = (): ProcessInfo[] => {
    for (const one of processTree(group)) seen.set(one.pid, one);
    return [...seen.values()].filter(isRunning);
  };
  // Most groups are empty when their leader has ended: one system call then, instead of a look at every process.
  if (isEmpty(group) || alive().length === 0) return { signal: null, left: [] };
  if (grace > 0) {
    send(group, alive(), signal);
    if (await gone(alive, grace, abort)) return { signal, left: [] };
  }
  send(group, alive(), "SIGKILL");
  await gone(alive, KILL_WAIT, abort);
  return { signal: "SIGKILL", left: alive().map((one) => one.pid) };
}

/** Polls, because the members of a group are not our children and nobody tells of their end. */
async function gone(alive: () => ProcessInfo[], limit: number, abort: AbortSignal | undefined): Promise<boolean> {
  const end = performance.now() + limit;
  for (let delay = 5; ; delay = Math.min(100, delay * 2)) {
    if (alive().length === 0) return true;
    const left = end - performance.now();
    if (left <= 0) return false;
    abort?.throwIfAborted();
    await sleep(Math.min(delay, left));
  }
}

function send(group: number, processes: ProcessInfo[], signal: NodeJS.Signals): void {
  if (processes.some((one) => one.group === group)) kill(-group, signal);
  for (const one of processes) if (one.group !== group) kill(one.pid, signal);
}

function isEmpty(group: number): boolean {
  try {
    process.kill(-group, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function kill(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    // It ended between the look and the signal, or it runs as another user: then it shows up as left.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ESRCH" && code !== "EPERM") throw error;
  }
}
