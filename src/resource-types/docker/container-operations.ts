/** What the type `docker-container` does. */
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";
import { callEngine, openEngine } from "./engine.ts";
import { framesOf, rawFrames } from "./frames.ts";

interface Inspected {
  State: { Status: string; Running: boolean; StartedAt: string; ExitCode: number; Health?: { Status: string } };
  Config: { Tty: boolean };
}

export const start = (context: OperationContext) => change(context, "start");
export const stop = (context: OperationContext) => change(context, "stop", timeoutOf(context));
export const restart = (context: OperationContext) => change(context, "restart", timeoutOf(context));

export async function inspect(context: OperationContext): Promise<unknown> {
  const { body } = await callEngine(context, { path: `${pathOf(context)}/json` });
  // A container's environment is where its passwords stand.
  const config = (body as { Config?: { Env?: string[] } }).Config;
  if (config?.Env) config.Env = config.Env.map((one) => `${one.split("=")[0]!}=********`);
  return body;
}

export async function logs(context: OperationContext): Promise<unknown> {
  const { lines, follow, timestamps } = context.parameters as { lines: number; follow: boolean; timestamps: boolean };
  const { Config } = await inspected(context);
  const response = await openEngine(context, {
    path: `${pathOf(context)}/logs`,
    query: {
      stdout: "true",
      stderr: "true",
      tail: String(lines),
      follow: String(follow),
      timestamps: String(timestamps),
    },
  });
  const chunks = response as AsyncIterable<Buffer>;
  let bytes = 0;
  try {
    for await (const { data, stream } of Config.Tty ? rawFrames(chunks) : framesOf(chunks)) {
      bytes += data.length;
      await context.output(data, stream);
    }
  } catch (error) {
    // What cut the stream off, when it was the abort.
    context.signal.throwIfAborted();
    throw error;
  }
  return { bytes };
}

export async function remove(context: OperationContext): Promise<unknown> {
  const { force, volumes } = context.parameters as { force: boolean; volumes: boolean };
  const query = { force: String(force), v: String(volumes) };
  const { status } = await callEngine(context, { method: "DELETE", path: pathOf(context), query, also: [404] });
  return { removed: status !== 404 };
}

/** An engine that can't be reached fails the check: nothing was seen of the container then. */
export async function check(context: OperationContext): Promise<unknown> {
  try {
    const { State } = await inspected(context);
    const health = State.Health?.Status;
    const facts = { state: State.Status, ...(health === undefined ? {} : { health }) };
    if (isUp(State)) return { availability: "up", ...facts };
    const reason = State.Running ? "it is unhealthy" : `it is ${State.Status}, exit code ${State.ExitCode}`;
    return { availability: "down", reason, ...facts };
  } catch (error) {
    if (!(error instanceof OperationError) || error.code !== "no_such_object") throw error;
    return { availability: "down", reason: "there is no such container" };
  }
}

interface Stats {
  cpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage?: number; online_cpus?: number };
  precpu_stats: { cpu_usage: { total_usage: number }; system_cpu_usage?: number };
  memory_stats: { usage?: number; limit?: number; stats?: { inactive_file?: number } };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>;
  pids_stats?: { current?: number };
}

/** The engine looks twice, a second apart, for the processor time between. */
export async function metrics(context: OperationContext): Promise<unknown> {
  const { body } = await callEngine(context, { path: `${pathOf(context)}/stats`, query: { stream: "false" } });
  const { cpu_stats: now, precpu_stats: before, memory_stats: memory, networks = {}, pids_stats: pids } = body as Stats;
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const sum = (key: "rx_bytes" | "tx_bytes") => Object.values(networks).reduce((all, one) => all + one[key], 0);
  return {
    cpu: passed > 0 && used > 0 ? Math.round((used / passed) * (now.online_cpus ?? 1) * 1_000) / 10 : 0,
    // The page cache counts as used there, although it is given back when it is needed.
    memory: Math.max(0, (memory.usage ?? 0) - (memory.stats?.inactive_file ?? 0)),
    memoryLimit: memory.limit ?? 0,
    received: sum("rx_bytes"),
    sent: sum("tx_bytes"),
    processes: pids?.current ?? 0,
  };
}

async function change(
  context: OperationContext,
  what: "start" | "stop" | "restart",
  query: Record<string, string> = {},
) {
  const { status } = await callEngine(context, {
    method: "POST",
    path: `${pathOf(context)}/${what}`,
    query,
    also: [304],
  });
  const { State } = await inspected(context);
  // The engine says yes as soon as the process was started; one that ended at once did not start for anybody.
  if (what !== "stop" && !State.Running) {
    throw new OperationError({
      code: "container_exited",
      message: `It was started and is ${State.Status}, with exit code ${State.ExitCode}.`,
      hint: "See why with the operation logs.",
      details: { exitCode: State.ExitCode, state: State.Status },
    });
  }
  const startedAt = State.Running ? State.StartedAt : null;
  return { changed: status !== 304, state: State.Status, startedAt, availability: isUp(State) ? "up" : "down" };
}

function isUp({ Running, Health }: Inspected["State"]): boolean {
  return Running && Health?.Status !== "unhealthy";
}

async function inspected(context: OperationContext): Promise<Inspected> {
  return (await callEngine(context, { path: `${pathOf(context)}/json` })).body as Inspected;
}

/** Seconds that the container gets before it is killed. */
function timeoutOf({ parameters }: OperationContext): Record<string, string> {
  const { timeout } = parameters as { timeout: number };
  return { t: String(timeout) };
}

function pathOf({ resource }: OperationContext): string {
  return `/containers/${encodeURIComponent(resource.connection["container"] as string)}`;
}
