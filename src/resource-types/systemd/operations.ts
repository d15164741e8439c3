/** What the type `systemd` does, by the commands systemctl and journalctl. */
import { lastLines } from "../tail.ts";
import { OperationError } from "../operation-error.ts";
import type { ExecResult, OperationContext } from "../sdk.ts";

/** What `systemctl show` is asked for. */
const PROPERTIES = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "MainPID",
  "NRestarts",
  "ExecMainStatus",
  "StateChangeTimestamp",
  "MemoryCurrent",
  "CPUUsageNSec",
  "TasksCurrent",
];

type Properties = Record<string, string>;
type Change = "start" | "stop" | "restart" | "reload";

export const start = (context: OperationContext) => change(context, "start");
export const stop = (context: OperationContext) => change(context, "stop");
export const restart = (context: OperationContext) => change(context, "restart");
export const reload = (context: OperationContext) => change(context, "reload");

export async function status(context: OperationContext): Promise<unknown> {
  return stateOf(await show(context));
}

/** A unit that systemd does not know is down: that is what was seen. */
export async function check(context: OperationContext): Promise<unknown> {
  const properties = await readProperties(context);
  const { ActiveState: active = "unknown", SubState: sub = "unknown", LoadState: load } = properties;
  const facts = { state: active, subState: sub };
  if (load === "not-found") return { availability: "down", reason: "there is no such unit", ...facts };
  if (isUp(active)) return { availability: "up", ...facts };
  return { availability: "down", reason: `it is ${active} (${sub})`, ...facts };
}

export async function logs(context: OperationContext): Promise<unknown> {
  const { lines, follow, since } = context.parameters as { lines: number; follow: boolean; since?: string };
  const argv = ["journalctl", ...scope(context, "--user"), "--no-pager", "--output=short-iso", `--lines=${lines}`];
  if (since !== undefined) argv.push(`--since=${since}`);
  if (follow) argv.push("--follow");
  const ended = await context.exec([...argv, `--unit=${unitOf(context)}`], { allowFailure: true });
  refuse(context, ended, "journalctl");
  return { lines: ended.truncated ? null : ended.stdout.split("\n").filter((line) => line !== "").length };
}

export async function metrics(context: OperationContext): Promise<unknown> {
  const properties = await show(context);
  return {
    memory: count(properties["MemoryCurrent"]),
    cpuTime: Math.round(count(properties["CPUUsageNSec"]) / 1_000_000),
    tasks: count(properties["TasksCurrent"]),
    restarts: count(properties["NRestarts"]),
  };
}

/** systemctl waits for the end of the job; what became of the unit is asked for all the same. */
async function change(context: OperationContext, verb: Change): Promise<unknown> {
  const before = stateOf(await show(context));
  const ended = await context.exec(systemctl(context, verb, "--", unitOf(context)), { allowFailure: true });
  refuse(context, ended, `systemctl ${verb}`, [0, 1, 3, 4, 5, 6]);
  const after = stateOf(await show(context));
  // Between its end and its next start a unit is "activating", and systemctl has nothing to complain of.
  const loops = verb !== "stop" && after.subState.startsWith("auto-restart");
  const failed =
    ended.exitCode !== 0 || (verb === "stop" ? after.state === "active" : after.state === "failed" || loops);
  if (!failed) return { ...after, before: before.state, availability: isUp(after.state) ? "up" : "down" };
  const said = lastLines(`${ended.stdout}\n${ended.stderr}`, 20);
  throw new OperationError({
    code: "unit_failed",
    message: `systemctl ${verb} left ${unitOf(context)} ${after.state} (${after.result}): ${said[0] ?? (loops ? "it ends and is started again" : "it said nothing")}`,
    hint: "See why with the operation logs.",
    details: { ...after, exitCode: ended.exitCode, lastLines: [...said, ...(await journalTail(context))] },
  });
}

/** @throws OperationError `unknown_unit`. */
async function show(context: OperationContext): Promise<Properties> {
  const properties = await readProperties(context);
  if (properties["LoadState"] !== "not-found") return properties;
  throw new OperationError({
    code: "unknown_unit",
    message: `There is no unit ${unitOf(context)} on this worker's machine.`,
    hint: "Correct connection.unit, or install what brings the unit.",
  });
}

async function readProperties(context: OperationContext): Promise<Properties> {
  const argv = systemctl(context, "show", `--property=${PROPERTIES.join(",")}`, "--", unitOf(context));
  // Its output is not what anybody asked to see.
  const ended = await context.exec(argv, { allowFailure: true, stream: false });
  refuse(context, ended, "systemctl show");
  return Object.fromEntries(
    ended.stdout.split("\n").flatMap((line) => {
      const at = line.indexOf("=");
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}

/** A timer waits and a mount is mounted: what is active, or about to reload, is up. */
function isUp(state: string): boolean {
  return state === "active" || state === "reloading";
}

function stateOf(properties: Properties) {
  const pid = count(properties["MainPID"]);
  return {
    unit: properties["Id"] ?? "",
    state: properties["ActiveState"] ?? "unknown",
    subState: properties["SubState"] ?? "unknown",
    result: properties["Result"] ?? "unknown",
    pid: pid === 0 ? null : pid,
    restarts: count(properties["NRestarts"]),
    since: properties["StateChangeTimestamp"] || null,
  };
}

/** "[not set]" and 2^64 - 1 are systemd's ways to say that it does not count that. */
function count(text: string | undefined): number {
  const value = Number(text);
  return text !== undefined && text !== "" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

async function journalTail(context: OperationContext): Promise<string[]> {
  const argv = ["journalctl", ...scope(context, "--user"), "--no-pager", "--output=cat", "--lines=10"];
  const ended = await context
    .exec([...argv, `--unit=${unitOf(context)}`], { allowFailure: true, stream: false })
    // Without a journal the unit has failed all the same, and that is what is to be told.
    .catch(() => null);
  context.signal.throwIfAborted();
  return ended?.exitCode === 0 ? lastLines(ended.stdout, 10) : [];
}

/** @throws OperationError for machines without systemd, and commands that may not be used. */
function refuse(context: OperationContext, ended: ExecResult, command: string, known: number[] = [0]): void {
  if (/not been booted with systemd|Failed to connect to (system |user )?(scope )?bus/i.test(ended.stderr)) {
    throw new OperationError({
      code: "no_systemd",
      message: "systemd does not run on this worker's machine, or not for this user.",
      hint: "Bind the resource to a worker on a machine with systemd; for units of a user: scope: user.",
      source: "system",
    });
  }
  if (/access denied|interactive authentication required|permission denied/i.test(ended.stderr)) {
    throw new OperationError({
      code: "not_permitted",
      message: `The worker's user may not use ${command} for ${unitOf(context)}.`,
      hint: "Run the worker as root, or give its user a polkit rule for the unit.",
    });
  }
  if (ended.exitCode !== null && known.includes(ended.exitCode)) return;
  const last = lastLines(`${ended.stdout}\n${ended.stderr}`, 20);
  throw new OperationError({
    code: ended.exitCode === null ? "killed_by_signal" : "exit_code",
    message: `${command} ended with ${ended.exitCode ?? ended.signal}: ${last.at(-1) ?? "it said nothing"}`,
    details: { exitCode: ended.exitCode, signal: ended.signal, lastLines: last },
  });
}

function systemctl(context: OperationContext, ...words: string[]): string[] {
  return ["systemctl", ...scope(context, "--user"), "--no-pager", "--no-ask-password", ...words];
}

function scope({ resource }: OperationContext, flag: string): string[] {
  return resource.connection["scope"] === "user" ? [flag] : [];
}

function unitOf({ resource }: OperationContext): string {
  return resource.connection["unit"] as string;
}
