/** `host`: the machine that the worker runs on, or one that it reaches over SSH. */
import { arch, cpus, freemem, hostname, loadavg, platform, release, totalmem, uptime, userInfo } from "node:os";
import { contentSchema } from "../domain/content.ts";
import type { ExecOptions } from "./exec.ts";
import { HOST_METRICS, hostMetrics, localUsage } from "./host-metrics.ts";
import { HOST_RESULTS } from "./host-results.ts";
import { defineResourceType, type OperationContext, parametersOf } from "./sdk.ts";
import { hostConnectionSchema } from "./ssh/connection.ts";

/** Kept of stdout and of stderr in the result; the output of the entry has all of it. */
const RESULT_OUTPUT = 256 * 1024;

/** ssh2 is loaded when the first host needs it. */
const loadSsh = () => import("./ssh/host-over-ssh.ts");
let sshLoaded = false;

type Remote = Exclude<keyof Awaited<ReturnType<typeof loadSsh>>, "closeIdleConnections">;

/** The same operation, on the worker's own machine or on the one that the connection names. */
function hereOrThere(operation: Remote, here: (context: OperationContext) => unknown) {
  return async (context: OperationContext): Promise<unknown> => {
    if (context.resource.connection["address"] === undefined) return here(context);
    const ssh = await loadSsh();
    sshLoaded = true;
    return ssh[operation](context);
  };
}

const MODE = {
  type: "string",
  pattern: "^[0-7]{3,4}$",
  description: 'octal, e.g. "0644"; default: as it was, or 0644',
};
const PARENTS = { type: "boolean", default: false, description: "make the directories above it" };

export const hostType = defineResourceType({
  name: "host",
  description: "A machine, the worker's own or one that it reaches over SSH: commands, files, facts.",
  runsOn: "bound",
  anywhereWith: "address",
  builtin: true,
  // Over SSH it is a round trip on a connection that is kept for a while, or a login.
  checkEvery: "5m",
  metricsEvery: "5m",
  metrics: HOST_METRICS,
  connection: hostConnectionSchema,
  async close() {
    if (sshLoaded) (await loadSsh()).closeIdleConnections();
  },
  operations: {
    run: {
      description: "Run a command (an argument vector; no shell looks at it) and wait for its end.",
      parameters: parametersOf(
        {
          command: {
            type: "array",
            items: { type: "string" },
            minItems: 1,
            description: "the program and its arguments",
          },
          cwd: { type: "string", description: "working directory; default: the worker's" },
          env: { type: "object", additionalProperties: { type: "string" }, description: "added to the environment" },
          stdin: { type: "string", description: "written to its standard input" },
        },
        ["command"],
      ),
      argv: "command",
      result: HOST_RESULTS.run,
      handler: hereOrThere("run", run),
    },
    facts: {
      description: "Name, system, processors, memory, load.",
      exclusive: false,
      onLost: "requeue",
      timeout: "30s",
      result: HOST_RESULTS.facts,
      handler: hereOrThere("facts", facts),
    },
    upload: {
      description: "Write a file: whole or not at all.",
      parameters: parametersOf(
        {
          path: { type: "string", minLength: 1 },
          content: { type: "string", description: "as text" },
          base64: { type: "string", description: "instead of content, for bytes that are not text" },
          file: contentSchema("instead of content, for files of any size"),
          mode: MODE,
          parents: PARENTS,
        },
        ["path"],
      ),
      onLost: "requeue",
      timeout: "5m",
      result: HOST_RESULTS.upload,
      handler: hereOrThere("upload", async (context) => (await import("./host-files.ts")).upload(context)),
    },
    deploy: {
      description: "Put a file of any size in its place: whole and checked, or not at all.",
      parameters: parametersOf(
        {
          content: contentSchema("the file"),
          path: { type: "string", minLength: 1, description: "absolute" },
          version: { type: "string", minLength: 1, maxLength: 128, description: "what people call it" },
          mode: MODE,
          owner: {
            type: "string",
            pattern: "^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$",
            description: "USER or USER:GROUP; default: whom the worker runs as",
          },
          parents: PARENTS,
        },
        ["content", "path"],
      ),
      onLost: "requeue",
      timeout: "30m",
      result: HOST_RESULTS.deploy,
      handler: hereOrThere("deploy", async (context) => (await import("./host-files.ts")).deploy(context)),
    },
    download: {
      description: "Read a file as base64, with its size and SHA-256.",
      parameters: parametersOf(
        {
          path: { type: "string", minLength: 1 },
          limit: { type: "integer", minimum: 1, maximum: 3_000_000, default: 3_000_000, description: "bytes at most" },
        },
        ["path"],
      ),
      exclusive: false,
      onLost: "requeue",
      timeout: "5m",
      result: HOST_RESULTS.download,
      handler: hereOrThere("download", async (context) => (await import("./host-files.ts")).download(context)),
    },
    metrics: {
      description: "Load, memory, disk.",
      exclusive: false,
      onLost: "requeue",
      timeout: "30s",
      result: HOST_RESULTS.metrics,
      handler: hereOrThere("metrics", async () => hostMetrics(await localUsage())),
    },
    check: {
      description: "That the machine answers.",
      exclusive: false,
      onLost: "requeue",
      timeout: "30s",
      result: HOST_RESULTS.check,
      handler: hereOrThere("check", () => ({ availability: "up", host: hostname() })),
    },
  },
});

async function run({ parameters, exec }: OperationContext): Promise<unknown> {
  const { command, ...options } = parameters as { command: string[] } & Pick<ExecOptions, "cwd" | "env"> & {
      stdin?: string;
    };
  const { exitCode, stdout, stderr, truncated } = await exec(command, { ...options, capture: RESULT_OUTPUT });
  return { exitCode, stdout, stderr, truncated };
}

function facts(): unknown {
  return {
    host: hostname(),
    platform: platform(),
    release: release(),
    arch: arch(),
    cpus: cpus().length,
    memory: { total: totalmem(), free: freemem() },
    load: loadavg(),
    uptime: Math.round(uptime() * 1_000),
    user: userInfo().username,
    node: process.version,
  };
}
