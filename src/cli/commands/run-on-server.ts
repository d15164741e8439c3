/** `wilco run --on-server FILE`: uploads a script with what it imports, and follows its entry. */
import { readFileSync } from "node:fs";
import type { Api } from "../../client/api.ts";
import type { SubmitOnce } from "../../client/submit-once.ts";
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import type { Entry } from "../../domain/entry.ts";
import { layerPollPolicies } from "../../domain/poll-policy.ts";
import { parsePriority } from "../../domain/priority.ts";
import { requireName } from "../../domain/route.ts";
import { MAX_SCRIPT_GRACE, type ScriptPermissions } from "../../domain/script.ts";
import type { ScriptSubmission } from "../../protocol/messages.ts";
import { bundleScript } from "../../sandbox/bundle.ts";
import { defaultCacheDirectory } from "../../sandbox/cache-directory.ts";
import { formatNetTarget, type Permissions } from "../../sandbox/permissions.ts";
import { readManifest } from "../../sandbox/permissions-manifest.ts";
import type { Context } from "../context.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { dependenciesOf } from "../filing-flags.ts";
import { onInterruptOf } from "../goes-on.ts";
import { submitOnceOf } from "../idempotency/flags.ts";
import { withInterrupt } from "../interrupt.ts";
import { parseCount } from "../numbers.ts";
import { printDocument } from "../output/documents.ts";
import { describeStart, describeWork } from "../output/entry-text.ts";
import { parseWhen, type When } from "../output/times.ts";
import { readPermissions } from "../permission-flags.ts";
import { pollPolicyOfFlags } from "../poll-options.ts";
import { openReports } from "../reports/reports.ts";
import { openRemote, type Remote } from "../remote.ts";
import { requireWorkerOf } from "../require-worker.ts";
import { scriptFile } from "../script-file.ts";
import { waitForEntries } from "../wait-for-entries.ts";
import { onErrorOf, rootOf, type RunFlags } from "./run.ts";

export async function runOnServer(context: Context, file: string, args: string[], flags: RunFlags): Promise<number> {
  if (flags.local === true || flags.dataDir !== undefined || flags.inventory !== undefined) {
    throw invalid("--on-server and --local exclude each other", "A server in this process would end with it.");
  }
  const script = scriptFile(context, file);
  const root = rootOf(context, script, flags.root);
  const flagPolicy = pollPolicyOfFlags(flags);
  const when = flags.at === undefined ? undefined : parseWhen(flags.at);
  const options = submissionOptions(flags, when);
  const onInterrupt = onInterruptOf(flags.onInterrupt);
  const submitOnce = await submitOnceOf(context, flags);
  const reports = await openReports(context, flags);
  if (flags.check === true) await (await import("./check.ts")).checkBeforeRun(context, script);
  const manifest = readManifest(readFileSync(script, "utf8"), file);
  const permissions = await readPermissions({ context, flags, manifest, script: file, root, elsewhere: true });
  // The person said no, and was told that nothing was done.
  if (permissions === undefined) return EXIT.wrongUse;
  const bundle = bundleScript(root, script, defaultCacheDirectory(context.env));
  tellComputed(context, bundle.computed);
  const submission: ScriptSubmission = {
    file: bundle.file,
    files: bundle.files,
    args,
    permissions: permissionsOf(permissions),
    ...options,
  };
  return withInterrupt(async (interrupt) => {
    const remote = await openRemote(context);
    const { api, connection } = remote;
    if (interrupt.signal.aborted) {
      context.output.warn("Interrupted: nothing was submitted.");
      return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
    }
    const entry = await submit(api, submission, submitOnce);
    tellFiled(context, remote, entry, when !== undefined);
    if (!flags.wait) {
      await printDocument(context.output, entry, () => `${entry.id}\n`);
      return EXIT.succeeded;
    }
    const policy = layerPollPolicies(flagPolicy, connection.poll);
    const report = { title: `run --on-server ${file}`, server: connection.url, reports };
    return waitForEntries({ context, api, entries: [entry], policy, local: false, interrupt, onInterrupt, report });
  });
}

async function submit(api: Api, submission: ScriptSubmission, submitOnce: SubmitOnce | undefined): Promise<Entry> {
  if (!submitOnce) return (await api.submitScript(submission, randomId())).entry;
  const { file, files, args, after } = submission;
  const identity = { target: file, operation: "script", parameters: { files, args }, after };
  return submitOnce(identity, (key) => api.submitScript(submission, key));
}

function submissionOptions(flags: RunFlags, when: When | undefined) {
  const { requireWorker } = requireWorkerOf(flags.requireWorker);
  const grace = parseDuration(flags.grace, "--grace");
  if (grace > MAX_SCRIPT_GRACE) {
    throw invalid(
      `--grace ${flags.grace} is longer than the ${MAX_SCRIPT_GRACE / 1_000}s that a script on the server has`,
      "Give it less: its worker has to answer a cancel in time.",
    );
  }
  return {
    onError: onErrorOf(flags.onError),
    grace,
    limits: {
      cpu: parseDuration(flags.cpuLimit, "--cpu-limit"),
      memory: parseCount(flags.memoryLimit, "--memory-limit", 2_048) * 1_048_576,
    },
    requireWorker: requireWorker ?? null,
    ...(requireWorker === undefined ? {} : { requireScriptWorker: requireWorker }),
    ...(flags.timeout === undefined ? {} : { timeout: parseDuration(flags.timeout, "--timeout") }),
    ...(flags.priority === undefined ? {} : { priority: parsePriority(flags.priority) }),
    ...(flags.note === undefined ? {} : { note: flags.note }),
    ...(flags.after === undefined ? {} : { after: dependenciesOf(flags.after) }),
    ...(flags.zone === undefined ? {} : { zone: requireName(flags.zone, "zone") }),
    ...when,
  };
}

function permissionsOf({ env, read, net, operations, resources }: Permissions): ScriptPermissions {
  return {
    env: [...env],
    read: [...read],
    net: net.map(formatNetTarget),
    operations: operations === undefined ? null : [...operations],
    resources: resources === undefined ? null : [...resources],
  };
}

function tellComputed({ output }: Context, places: readonly string[]): void {
  if (places.length === 0) return;
  output.warn(
    `${output.paintErr.yellow("note:")} What ${places.join(", ")} imports is only known when the script runs, so it is not uploaded.`,
  );
}

function tellFiled({ output }: Context, { connection, me }: Remote, entry: Entry, scheduled: boolean): void {
  const start = describeStart(entry, scheduled, output.utc);
  output.notice(
    `${output.paintErr.dim(`${connection.url} as ${me.name}`)} entry ${entry.id}: ${describeWork(entry)}${start}`,
  );
  if (entry.warning !== null) output.warn(`${output.paintErr.yellow("note:")} ${entry.warning}`);
}

function invalid(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
