/** `systemd`: a unit of the worker's machine. What it does is loaded with the first call. */
import { checkResult, COUNT, described, orNull, resultOf, TEXT } from "../results.ts";
import { defineResourceType, parametersOf, type OperationContext } from "../sdk.ts";

const load = () => import("./operations.ts");
const run = (operation: keyof Awaited<ReturnType<typeof load>>) => async (context: OperationContext) =>
  (await load())[operation](context);

const LOOKS = { exclusive: false, onLost: "requeue", timeout: "30s" } as const;
const STATE = {
  unit: TEXT,
  state: { type: "string", description: "active, inactive, failed, activating, deactivating, reloading" },
  subState: TEXT,
  result: TEXT,
  pid: orNull(COUNT),
  restarts: COUNT,
  since: orNull(TEXT),
};
const CHANGED = resultOf({
  ...STATE,
  before: { type: "string", description: "its state before" },
  availability: { enum: ["up", "down"] },
});

export const systemdType = defineResourceType({
  name: "systemd",
  description: "A unit of systemd on the worker's machine: a service, timer, mount.",
  runsOn: "bound",
  builtin: true,
  checkEvery: "1m",
  connection: parametersOf(
    {
      unit: {
        type: "string",
        pattern: "^[A-Za-z0-9_.\\\\@:][A-Za-z0-9_.\\\\@:-]*$",
        description: "nginx.service; without a suffix, .service",
      },
      scope: { enum: ["system", "user"], default: "system", description: "user: units of the worker's user" },
    },
    ["unit"],
  ),
  metrics: {
    memory: { unit: "bytes" },
    cpuTime: { unit: "ms", description: "since its start" },
    tasks: {},
    restarts: { description: "by systemd itself" },
  },
  operations: {
    start: {
      description: "Start it, and wait until systemd says that it is.",
      onLost: "requeue",
      timeout: "5m",
      result: CHANGED,
      handler: run("start"),
    },
    stop: {
      description: "Stop it, and wait until it is.",
      onLost: "requeue",
      timeout: "5m",
      result: CHANGED,
      handler: run("stop"),
    },
    restart: { description: "Stop it and start it.", timeout: "10m", result: CHANGED, handler: run("restart") },
    reload: {
      description: "Let it read its configuration anew.",
      onLost: "requeue",
      timeout: "5m",
      result: CHANGED,
      handler: run("reload"),
    },
    status: { description: "Its state, as systemd has it.", ...LOOKS, result: resultOf(STATE), handler: run("status") },
    logs: {
      description: "The last lines of its journal, and what follows.",
      parameters: parametersOf({
        lines: { type: "integer", minimum: 0, maximum: 100_000, default: 100 },
        follow: { type: "boolean", default: false, description: "go on until the execution is canceled" },
        since: { type: "string", pattern: "^[^-]", description: 'as journalctl takes it: "1 hour ago", "2026-01-02"' },
      }),
      exclusive: false,
      onLost: "requeue",
      result: resultOf({ lines: described(orNull(COUNT), "null: more than 1 MiB, not counted") }),
      handler: run("logs"),
    },
    metrics: {
      description: "Memory, processor time, tasks and restarts, as far as systemd counts them.",
      ...LOOKS,
      result: resultOf({ memory: COUNT, cpuTime: COUNT, tasks: COUNT, restarts: COUNT }),
      handler: run("metrics"),
    },
    check: {
      description: "Up when it is active.",
      ...LOOKS,
      result: checkResult({ state: TEXT, subState: TEXT }),
      handler: run("check"),
    },
  },
});
