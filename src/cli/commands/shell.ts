/** `wilco shell`: connects, asks for a server when none is named, and hands over to the shell. */
import { join } from "node:path";
import { createNodePort } from "../../client/node-port.ts";
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { defaultCacheDirectory } from "../../sandbox/cache-directory.ts";
import { runShell } from "../../shell/shell.ts";
import type { PipedEnd } from "../../shell/piped.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import { takeEarlyThread } from "../early-thread.ts";
import { EXIT, exitCodeOfScriptError, SIGNAL_EXIT } from "../exit-codes.ts";
import { listenForInterrupt, type Interrupt } from "../interrupt.ts";
import { parseCount } from "../numbers.ts";
import { showError } from "../output/error-text.ts";
import { isPersonThere } from "../output/output.ts";
import { allowedEnvironment, readPermissionFlags, type PermissionFlags } from "../permission-flags.ts";
import { layerPollFlags, pollPolicyOfFlags, type PollFlags } from "../poll-options.ts";
import { openForWork, type LocalFlags, type Remote } from "../remote.ts";
import { requireWorkerOf } from "../require-worker.ts";
import { readVersion } from "../version.ts";

export interface ShellFlags extends PollFlags, LocalFlags, PermissionFlags {
  cpuLimit: string;
  memoryLimit: string;
  requireWorker: string | boolean;
  history: boolean;
}

const HISTORY_FILE = "shell-history.jsonl";

export async function shellCommand(context: Context, flags: ShellFlags): Promise<number> {
  const { output, env } = context;
  const flagPolicy = pollPolicyOfFlags(flags);
  const limits = {
    cpu: parseDuration(flags.cpuLimit, "--cpu-limit"),
    memory: parseCount(flags.memoryLimit, "--memory-limit", 2_048) * 1_048_576,
  };
  const { requireWorker } = requireWorkerOf(flags.requireWorker);
  const permissions = readPermissionFlags(flags, context.cwd);
  const interactive = isPersonThere(process.stdin, env) && isPersonThere(process.stdout, env);
  const interrupt = listenForInterrupt();
  try {
    const remote = await openServer(context, flags, interactive, interrupt);
    if (!remote) return EXIT.wrongUse;
    const pollDefaults = layerPollFlags(flagPolicy, remote.connection.poll);
    const port = createNodePort({ api: remote.api, pollDefaults, requireWorker });
    try {
      const end = await runShell({
        api: remote.api,
        port,
        lookup: port.lookup,
        mask: port.mask,
        me: remote.me,
        url: remote.connection.url,
        root: context.cwd,
        permissions,
        env: allowedEnvironment(env, permissions.env),
        limits,
        cacheDirectory: defaultCacheDirectory(env),
        thread: takeEarlyThread(),
        utc: output.utc,
        color: interactive && (env["NO_COLOR"] ?? "") === "",
        poll: pollDefaults,
        path: context.path,
        onFault: (error) => showError(output, error),
        input: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
        interactive,
        historyFile: flags.history ? join(dataDirOf(context, undefined), HISTORY_FILE) : undefined,
        signal: interrupt.signal,
        version: readVersion(),
      });
      return exitCodeOf(end, interrupt);
    } finally {
      port.close();
      await remote.close();
    }
  } finally {
    interrupt.dispose();
  }
}

/** undefined: the person did not name one. */
async function openServer(
  context: Context,
  flags: ShellFlags,
  interactive: boolean,
  interrupt: Interrupt,
): Promise<Remote | undefined> {
  try {
    return await openForWork(context, flags, interrupt.signal);
  } catch (error) {
    const { server, profile } = context.flags;
    const named = server ?? profile ?? context.env["WILCO_SERVER"] ?? context.env["WILCO_PROFILE"];
    const missing = error instanceof WilcoError && error.code === "unreachable" && named === undefined;
    if (!missing || !interactive || flags.local === true) throw error;
    const { askForServer } = await import("../ask-for-server.ts");
    const answered = await askForServer(context, error.message);
    return answered && (await openForWork(answered, flags, interrupt.signal));
  }
}

function exitCodeOf(end: PipedEnd, interrupt: Interrupt): number {
  switch (end.kind) {
    case "exit":
      return end.exitCode;
    case "interrupted":
      return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
    case "failed":
      if (end.error.code === "internal") return EXIT.internal;
      return end.error.code === "script_invalid" ? EXIT.wrongUse : exitCodeOfScriptError(end.error.code);
    case "unfinished":
      throw new WilcoError({
        code: "script_invalid",
        message: `The input ends in the middle of something: ${JSON.stringify(end.source.split("\n")[0])}`,
        hint: "Is a bracket or a quote missing?",
      });
    default:
      return end satisfies never;
  }
}
