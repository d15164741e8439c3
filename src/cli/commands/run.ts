/** `wilco run FILE`: a script in the sandbox, against a server or with `--local`. */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { createNodePort } from "../../client/node-port.ts";
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import { defaultCacheDirectory } from "../../sandbox/cache-directory.ts";
import type { OnError } from "../../sandbox/look-after.ts";
import { readManifest } from "../../sandbox/permissions-manifest.ts";
import { createSession } from "../../sandbox/session.ts";
import type { Context } from "../context.ts";
import { takeEarlyThread } from "../early-thread.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { onInterruptOf } from "../goes-on.ts";
import { submitOnceOf, type IdempotencyFlags } from "../idempotency/flags.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { parseCount } from "../numbers.ts";
import { showError } from "../output/error-text.ts";
import { printValue } from "../output/documents.ts";
import { allowedEnvironment, readPermissions, type PermissionFlags } from "../permission-flags.ts";
import { layerPollFlags, pollPolicyOfFlags, type PollFlags } from "../poll-options.ts";
import { openReports, type ReportFlags } from "../reports/reports.ts";
import { casesOfScript } from "../reports/script-cases.ts";
import { openForWork, type LocalFlags } from "../remote.ts";
import { createRunProgress } from "../run-progress.ts";
import { showOutcome, tellRunning } from "../run-report.ts";
import { requireWorkerOf } from "../require-worker.ts";
import { exitCodeOfScript } from "../script-exit.ts";
import { scriptFile } from "../script-file.ts";
import { tellWhyWaiting } from "../why-waiting.ts";

export interface RunFlags extends PollFlags, LocalFlags, PermissionFlags, IdempotencyFlags, ReportFlags, OnServerFlags {
  onError: string;
  onInterrupt: string;
  grace: string;
  cpuLimit: string;
  memoryLimit: string;
  check?: boolean;
  root?: string;
  requireWorker: string | boolean;
}

/** Flags that mean something for a script on the server only. */
export interface OnServerFlags {
  onServer?: boolean;
  /** false with --no-wait. */
  wait: boolean;
  timeout?: string;
  at?: string;
  priority?: string;
  note?: string;
  zone?: string;
  after?: string[];
}

const ON_SERVER_FLAGS = [
  ["wait", "--no-wait"],
  ["timeout", "--timeout"],
  ["at", "--at"],
  ["priority", "--priority"],
  ["note", "--note"],
  ["zone", "--zone"],
  ["after", "--after"],
] as const;

const ON_ERROR: readonly OnError[] = ["wait", "leave", "cancel"];

export async function runCommand(context: Context, file: string, args: string[], flags: RunFlags): Promise<number> {
  // Everything that can be refused without a server is refused first.
  if (flags.onServer === true) return (await import("./run-on-server.ts")).runOnServer(context, file, args, flags);
  refuseOnServerFlags(flags);
  const script = scriptFile(context, file);
  const root = rootOf(context, script, flags.root);
  const onError = onErrorOf(flags.onError);
  const onInterrupt = onInterruptOf(flags.onInterrupt);
  const grace = parseDuration(flags.grace, "--grace");
  const flagPolicy = pollPolicyOfFlags(flags);
  const limits = {
    cpu: parseDuration(flags.cpuLimit, "--cpu-limit"),
    memory: parseCount(flags.memoryLimit, "--memory-limit", 2_048) * 1_048_576,
  };
  const { requireWorker } = requireWorkerOf(flags.requireWorker);
  const submitOnce = await submitOnceOf(context, flags);
  const reports = await openReports(context, flags);
  if (flags.check === true) await (await import("./check.ts")).checkBeforeRun(context, script);
  const manifest = readManifest(readFileSync(script, "utf8"), file);
  const permissions = await readPermissions({ context, flags, manifest, script: file, root });
  // The person said no, and was told that nothing was done.
  if (permissions === undefined) return EXIT.wrongUse;

  // Its thread boots while the server is looked for.
  const cacheDirectory = defaultCacheDirectory(context.env);
  const session = createSession({ cacheDirectory, limits, thread: takeEarlyThread() });
  const interrupt = listenForInterrupt();
  const title = `run ${file}`;
  const { output } = context;
  try {
    const remote = await openForWork(context, flags, interrupt.signal);
    try {
      const pollDefaults = layerPollFlags(flagPolicy, remote.connection.poll);
      const port = createNodePort({ api: remote.api, pollDefaults, requireWorker, submitOnce });
      output.mask(port.mask);
      const progress = createRunProgress(output, port);
      if (output.interactive && !remote.local)
        output.notice(output.paintErr.dim(`${remote.connection.url} as ${remote.me.name}`));
      const { api, local } = remote;
      const endWhy = tellWhyWaiting({ context, why: api.why, open: progress.open, local });
      const started = new Date();
      reports.begin(title, false);
      // With JSON, stdout belongs to the document; what the script prints is for people then.
      const toStdout = output.format === "table";
      const outcome = await session.run({
        root,
        file: script,
        args,
        permissions,
        env: allowedEnvironment(context.env, permissions.env),
        port: progress.port,
        lookup: port.lookup,
        console: (stream, text) => (toStdout && stream === "stdout" ? output.write(text) : output.writeErr(text)),
        signal: interrupt.signal,
        grace,
        onError,
        onInterrupt,
        onRunning: (running, what) => tellRunning(context, running, what, remote.local),
        onFault: (error) => showError(output, error),
      });
      endWhy();
      progress.end();
      reports.end();
      showOutcome(context, outcome);
      const exit = exitCodeOfScript(outcome, {
        filed: progress.filed(),
        interrupted: SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"],
      });
      if (output.format !== "table") await printValue(output, { ...outcome, exit });
      if (reports.wanted) {
        const seconds = (Date.now() - started.getTime()) / 1_000;
        const entries = progress.entries();
        const cases = await casesOfScript(remote.api, {
          file,
          root,
          cwd: context.cwd,
          outcome,
          exit,
          seconds,
          entries,
        });
        await reports.write({ title, server: remote.connection.url, startedAt: started, seconds, cases });
      }
      return exit;
    } finally {
      await remote.close();
    }
  } finally {
    interrupt.dispose();
    await session.stop();
  }
}

/** What the script may import from. @throws WilcoError `invalid_request`. */
export function rootOf(context: Context, script: string, flag: string | undefined): string {
  return flag === undefined ? dirname(script) : directory(context.path(flag));
}

function refuseOnServerFlags(flags: RunFlags): void {
  const given = ON_SERVER_FLAGS.find(([key]) => flags[key] !== undefined && flags[key] !== true);
  if (!given) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `${given[1]} is for --on-server`,
    hint: "A script that runs here is waited for, and starts at once.",
  });
}

function directory(path: string): string {
  try {
    if (statSync(path).isDirectory()) return realpathSync(path);
  } catch {
    // said below, with what to do
  }
  throw new WilcoError({
    code: "invalid_request",
    message: `--root ${path} is not a directory`,
    hint: "Name the directory that the script imports from.",
  });
}

/** @throws WilcoError `invalid_request`. */
export function onErrorOf(text: string): OnError {
  const found = ON_ERROR.find((one) => one === text);
  if (found) return found;
  throw new WilcoError({
    code: "invalid_request",
    message: `--on-error does not know ${JSON.stringify(text)}`,
    hint: suggestion(text, ON_ERROR, "it takes"),
  });
}
