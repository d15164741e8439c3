/** `process`: a local process that the worker starts, stops and watches, and that outlives it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createTurns } from "../../core/turns.ts";
import type { ResourceTypeDefinition, OperationContext } from "../sdk.ts";
import { defineResourceType, parametersOf } from "../sdk.ts";
import { configurationSchema, parseConfiguration, readConfiguration, updateConfiguration } from "./configuration.ts";
import { contentSchema } from "../../domain/content.ts";
import { connectionSchema, DURATION, parseConnection } from "./connection.ts";
import { deploy } from "./deploy.ts";
import { usageOf } from "./process-metrics.ts";
import { followLog, tailLog } from "./process-log.ts";
import { answers } from "./readiness.ts";
import { createReleases } from "./releases.ts";
import { PROCESS_RESULTS } from "./results.ts";
import { createSupervisor, type Managed, type Supervisor } from "./supervisor.ts";

export function createProcessType(): ResourceTypeDefinition {
  const supervisor = createSupervisor();
  const inTurn = createTurns();
  /** Operations that change a process take turns, even where the server was told to let two run at once. */
  const changing =
    (handler: (context: OperationContext, managed: Managed) => Promise<unknown>) => (context: OperationContext) => {
      // Anew in its turn: a deploy before it may have changed where it runs.
      return inTurn(managedOf(context).stateFile, () => handler(context, managedOf(context)));
    };

  return defineResourceType({
    name: "process",
    description: "A local process that wilco starts, stops and watches. It outlives its worker.",
    runsOn: "bound",
    builtin: true,
    checkEvery: "1m",
    metricsEvery: "1m",
    metrics: {
      cpu: { unit: "%", description: "of one core, with everything it started" },
      memory: { unit: "bytes", description: "resident, with everything it started" },
      processes: { description: "it and everything it started" },
      uptime: { unit: "ms", description: "since its start" },
    },
    connection: connectionSchema,
    configuration: configurationSchema,
    operations: {
      start: {
        description: "Start it unless it runs, and wait until it is ready.",
        // A start finds what an earlier attempt has started, so repeating it does no harm; the same goes for stop.
        onLost: "requeue",
        timeout: "10m",
        result: PROCESS_RESULTS.start,
        handler: changing(async (_context, managed) => ({ ...(await supervisor.start(managed)), availability: "up" })),
      },
      stop: {
        description: "Ask it to stop, and kill it after stopTimeout.",
        onLost: "requeue",
        timeout: "10m",
        result: PROCESS_RESULTS.stop,
        handler: changing(async (_context, managed) => {
          const stopped = await supervisor.stop(managed, managed.connection.stopTimeout);
          return { ...stopped, availability: "down" };
        }),
      },
      restart: {
        description: "Stop it, start it, wait until it is ready.",
        parameters: parametersOf({
          graceful: { type: "boolean", default: true, description: "false: kill it at once" },
        }),
        timeout: "10m",
        result: PROCESS_RESULTS.restart,
        handler: changing((context, managed) => restart(context, managed, supervisor)),
      },
      deploy: {
        description: "Run what is given in place of what runs; back to that when it does not get ready.",
        parameters: parametersOf(
          {
            content: contentSchema("a file, or an archive (.tgz, .tar.gz, .tar) that is unpacked"),
            version: { type: "string", minLength: 1, maxLength: 128, description: "what people call it" },
            unpack: { type: "boolean", description: "default: by the name" },
            strip: {
              type: "integer",
              minimum: 0,
              maximum: 100,
              default: 0,
              description: "leading directories of an archive's names to leave out",
            },
            readyTimeout: { ...DURATION, description: "instead of the connection's" },
          },
          ["content"],
        ),
        // A repetition begins anew: what was verified last is known, and is what it goes back to.
        onLost: "requeue",
        timeout: "30m",
        result: PROCESS_RESULTS.deploy,
        handler: changing((context, managed) => deploy(context, managed, supervisor)),
      },
      status: {
        description: "Whether it runs, since when, and how it ended.",
        exclusive: false,
        onLost: "requeue",
        timeout: "30s",
        result: PROCESS_RESULTS.status,
        handler: (context) => status(managedOf(context), supervisor),
      },
      logs: {
        description: "The last lines of its log, and what follows.",
        parameters: parametersOf({
          lines: { type: "integer", minimum: 0, maximum: 10_000, default: 100 },
          follow: { type: "boolean", default: false, description: "go on until it ends or the execution is canceled" },
        }),
        exclusive: false,
        onLost: "requeue",
        result: PROCESS_RESULTS.logs,
        handler: (context) => logs(context, managedOf(context), supervisor),
      },
      readConfiguration: {
        description: "The arguments and variables that it runs with, or will when it is started.",
        exclusive: false,
        onLost: "requeue",
        timeout: "30s",
        result: PROCESS_RESULTS.readConfiguration,
        handler: (context) => readConfiguration(managedOf(context), supervisor),
      },
      updateConfiguration: {
        description: "Give it other arguments and variables, and restart it if it runs.",
        timeout: "10m",
        handler: changing((context, managed) => updateConfiguration(context, managed, supervisor)),
      },
      check: {
        description: "Up when it runs and, if it has a ready check, answers.",
        exclusive: false,
        onLost: "requeue",
        timeout: "30s",
        result: PROCESS_RESULTS.check,
        handler: (context) => check(managedOf(context), supervisor),
      },
      metrics: {
        description: "What it uses at this moment; nothing when it does not run.",
        exclusive: false,
        onLost: "requeue",
        timeout: "30s",
        result: PROCESS_RESULTS.metrics,
        handler: (context) => metrics(managedOf(context), supervisor),
      },
    },
  });
}

async function restart(context: OperationContext, managed: Managed, supervisor: Supervisor): Promise<unknown> {
  const graceful = context.parameters["graceful"] !== false;
  context.progress(0, 2, "stopping");
  const stopped = await supervisor.stop(managed, graceful ? managed.connection.stopTimeout : 0);
  context.progress(1, 2, "starting");
  const { pid, startedAt, ready } = await supervisor.start(managed);
  context.progress(2, 2, "running");
  return { pid, previousPid: stopped.pid, stoppedBy: stopped.signal, startedAt, ready, availability: "up" };
}

async function status(managed: Managed, supervisor: Supervisor): Promise<unknown> {
  const { running, state } = supervisor.look(managed);
  const ready = managed.connection.ready;
  return {
    state: running ? "running" : !state || state.stopRequested ? "stopped" : "exited",
    pid: running?.pid ?? null,
    startedAt: state?.startedAt ?? null,
    uptime: running && state ? Math.max(0, Date.now() - Date.parse(state.startedAt)) : null,
    ready: running && ready ? await answers(ready, managed.signal) : null,
    exit: running ? null : (state?.exit ?? null),
    command: [...managed.connection.command, ...managed.configuration.args],
    log: managed.logFile,
  };
}

async function check(managed: Managed, supervisor: Supervisor): Promise<unknown> {
  const { running } = supervisor.look(managed);
  if (!running) return { availability: "down", reason: "it does not run" };
  const { ready } = managed.connection;
  const answered = ready === null || (await answers(ready, managed.signal));
  return answered
    ? { availability: "up", pid: running.pid }
    : { availability: "down", pid: running.pid, reason: "it runs, but does not answer" };
}

async function metrics(managed: Managed, supervisor: Supervisor): Promise<unknown> {
  const { running, state } = supervisor.look(managed);
  if (!running || !state) return { cpu: 0, memory: 0, processes: 0, uptime: 0 };
  const usage = await usageOf(running.group, managed.signal);
  return { ...usage, uptime: Math.max(0, Date.now() - Date.parse(state.startedAt)) };
}

async function logs(context: OperationContext, managed: Managed, supervisor: Supervisor): Promise<unknown> {
  const { lines, follow } = context.parameters as { lines: number; follow: boolean };
  const tail = await tailLog(managed.logFile, lines);
  if (tail.lines.length > 0) await context.output(`${tail.lines.join("\n")}\n`);
  if (follow) {
    await followLog(managed.logFile, tail.end, {
      running: () => supervisor.look(managed).running !== null,
      output: (data) => context.output(data),
      signal: context.signal,
    });
  }
  return { lines: tail.lines, log: managed.logFile };
}

function managedOf(context: OperationContext): Managed {
  mkdirSync(context.state, { recursive: true, mode: 0o700 });
  // By id: names change and may hold anything.
  const base = join(context.state, String(context.resource.id));
  const connection = parseConnection(context.resource.connection);
  const directory = connection.deployTo ?? `${base}.deployed`;
  return {
    name: context.resource.name,
    configuration: parseConfiguration(context.resource.configuration),
    connection,
    directory,
    release: createReleases(directory).current()?.path ?? null,
    stateFile: `${base}.json`,
    logFile: `${base}.log`,
    signal: context.signal,
  };
}
