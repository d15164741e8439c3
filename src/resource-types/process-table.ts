/**
 * Who runs on this machine. A pid alone identifies nothing (it is reused), so a process is a pid and its start time.
 * Linux answers from /proc, other systems from `ps`.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

export interface ProcessInfo {
  pid: number;
  parent: number;
  group: number;
  /** Session id; 0 where the system does not tell. */
  session: number;
  /** Opaque; two processes with one pid never share it, not even across reboots. */
  startTime: string;
  /** Dead, but not yet collected by its parent. */
  zombie: boolean;
}

const LINUX = process.platform === "linux";

/** The process with this pid, zombies included, or null. */
export function findProcess(pid: number): ProcessInfo | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  if (LINUX) return readProc(pid, bootId());
  return readPs(["-p", String(pid)])[0] ?? null;
}

/** True when this very process (not a later one with its pid) still runs. */
export function isRunning(identity: { pid: number; startTime: string }): boolean {
  const found = findProcess(identity.pid);
  return found !== null && !found.zombie && found.startTime === identity.startTime;
}

/** Every process that still runs, zombies left out. About 5 ms for 300 processes. */
export function listProcesses(): ProcessInfo[] {
  if (!LINUX) return readPs(["-A"]).filter((one) => !one.zombie);
  const boot = bootId();
  const found: ProcessInfo[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const info = readProc(pid, boot);
    if (info && !info.zombie) found.push(info);
  }
  return found;
}

/**
 * Processes whose environment, as they were started, has this variable with this value: that is how a process is found
 * that was started by somebody who died before writing down its pid. Empty where the system keeps environments to itself
 * (anything but Linux), and processes of other users are not seen.
 */
export function findByEnvironment(name: string, value: string): ProcessInfo[] {
  if (!LINUX) return [];
  const wanted = `${name}=${value}`;
  return listProcesses().filter(({ pid }) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(wanted);
    } catch {
      // Gone meanwhile, or another user's: not ours.
      return false;
    }
  });
}

/** The running members of a process group, and whoever descends from `group`'s leader or a member of it. */
export function processTree(group: number): ProcessInfo[] {
  const all = listProcesses();
  const tree = new Map(all.filter((one) => one.group === group || one.pid === group).map((one) => [one.pid, one]));
  for (let grew = true; grew;) {
    grew = false;
    for (const one of all) {
      if (tree.has(one.pid) || !tree.has(one.parent)) continue;
      tree.set(one.pid, one);
      grew = true;
    }
  }
  return [...tree.values()];
}

/** Start times in /proc count from boot, and a machine boots much the same way each time: pid and ticks can recur. */
function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

function readProc(pid: number, boot: string): ProcessInfo | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return null;
  }
  // The command stands in parentheses and may hold spaces and parentheses itself; the last one ends it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    pid,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: `${boot}/${fields[19]}`,
    zombie: fields[0] === "Z" || fields[0] === "X",
  };
}

function readPs(selection: string[]): ProcessInfo[] {
  let table: string;
  try {
    table = execFileSync("ps", [...selection, "-o", "pid=,ppid=,pgid=,stat=,lstart="], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    // ps exits with 1 when nothing matches.
    return [];
  }
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.length >= 5)
    .map(([pid, parent, group, stat, ...started]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      startTime: started.join(" "),
      zombie: stat!.startsWith("Z"),
    }));
}
