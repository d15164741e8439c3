/** `wilco exec SELECTOR OPERATION`: one operation on one resource, or one request with a task for each of many. */
import { WilcoError } from "../../core/errors.ts";
import { createMasker } from "../../core/masking.ts";
import type { Entry } from "../../domain/entry.ts";
import { layerPollPolicies, parsePollPolicy, type PollPolicy } from "../../domain/poll-policy.ts";
import { parseSelector } from "../../domain/selector.ts";
import type { SubmitOnce } from "../../client/submit-once.ts";
import { confirm } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { dryRun, requireDryRunAlone } from "../exec/dry-run.ts";
import { describeFiles, readText, requireFile, sendFiles, withMainFile } from "../exec/content.ts";
import { submitExec } from "../exec/submit.ts";
import { filingOptionsOf, type FilingFlags, type FilingOptions } from "../filing-flags.ts";
import { onInterruptOf, type OnInterrupt } from "../goes-on.ts";
import { submitOnceOf, type IdempotencyFlags } from "../idempotency/flags.ts";
import { withInterrupt, type Interrupt } from "../interrupt.ts";
import { printDocument } from "../output/documents.ts";
import { describeStart, describeWork } from "../output/entry-text.ts";
import { convertParameters, fillInSecrets, readParameters, type RawParameters } from "../parameters.ts";
import { pollPolicyOfFlags, type PollFlags } from "../poll-options.ts";
import { requestOptionsOf, submissionOf, type RequestFlags, type RequestOptions } from "../request-flags.ts";
import { withTasks } from "../tasks.ts";
import { openReports, type ReportFlags, type Reports } from "../reports/reports.ts";
import { openForWork, type LocalFlags, type Remote } from "../remote.ts";
import { findOperations, findResources, type OperationTarget } from "../targets.ts";
import { waitForEntries } from "../wait-for-entries.ts";

export interface ExecFlags extends PollFlags, LocalFlags, RequestFlags, IdempotencyFlags, ReportFlags, FilingFlags {
  param?: string[];
  params?: string;
  wait: boolean;
  yes?: boolean;
  allowEmpty?: boolean;
  dryRun?: boolean;
  onInterrupt: string;
}

/** What the command line says, before a server was asked anything. */
interface Plan {
  selector: string;
  operation: string;
  raw: RawParameters;
  options: FilingOptions;
  /** Of the flags. */
  policy: Partial<PollPolicy>;
  request: RequestOptions;
  onInterrupt: OnInterrupt;
  submitOnce: SubmitOnce | undefined;
  reports: Reports;
  flags: ExecFlags;
  /** Of `wilco deploy`. */
  file: string | undefined;
}

/** @param argv what stood after `--`; null when there was none. @param file for the parameter that is content. */
export async function execCommand(
  context: Context,
  selector: string,
  operation: string,
  argv: string[] | null,
  flags: ExecFlags,
  file?: string,
): Promise<number> {
  // Everything that can be refused without a server is refused first.
  parseSelector(selector);
  // Mostly a variable that nobody has set: "everything" must be asked for.
  if (selector.trim() === "") {
    throw new WilcoError({
      code: "invalid_selector",
      message: "The selector is empty",
      hint: "Name the resources, or write '*' for all of them.",
    });
  }
  const policy = pollPolicyOfFlags(flags);
  const options = filingOptionsOf(flags);
  const request = requestOptionsOf(flags);
  const onInterrupt = onInterruptOf(flags.onInterrupt);
  if (flags.dryRun === true) requireDryRunAlone(flags);
  const submitOnce = await submitOnceOf(context, flags);
  const reports = await openReports(context, flags);
  const raw = await readParameters({
    params: flags.param ?? [],
    document: flags.params,
    argv,
    env: context.env,
    readFile: (path) => readText(context.path(path)),
    readStdin: () => context.readStdin(),
  });
  const plan: Plan = {
    selector,
    operation,
    raw,
    options,
    policy,
    request,
    onInterrupt,
    submitOnce,
    reports,
    flags,
    file,
  };
  if (file !== undefined) await requireFile(context.path(file), file);
  return withInterrupt(async (interrupt) => {
    const remote = await openForWork(context, flags, interrupt.signal);
    try {
      return await carryOut(context, plan, remote, interrupt);
    } finally {
      await remote.close();
    }
  });
}

async function carryOut(context: Context, plan: Plan, remote: Remote, interrupt: Interrupt): Promise<number> {
  const { selector, operation, flags } = plan;
  const { api, connection } = remote;
  const resources = await findResources(api, selector);
  if (resources.length === 0) return nothingMatches(context, selector, flags.allowEmpty === true);
  const targets = await findOperations(api, resources, operation);
  const typed = plan.file === undefined ? plan.raw : withMainFile(plan.raw, plan.file, targets);
  const sent =
    flags.dryRun === true
      ? await describeFiles(context, typed, targets)
      : await sendFiles(context, api, typed, targets);
  const { raw, secrets } = await fillInSecrets(sent, async (name) => (await api.secret(name)).value);
  context.output.mask(createMasker(secrets.values()).text);
  const calls = targets.map(({ resource, operation: descriptor }) => ({
    resource: resource.id,
    type: resource.type,
    parameters: convertParameters(raw, resource.type, descriptor),
  }));
  // Of a single one its entry says so.
  if (plan.options.zone !== undefined && (flags.dryRun === true || targets.length > 1)) tellBound(context, targets);
  if (flags.dryRun === true) return dryRun({ context, api, targets, calls, filing: plan.options });
  const common = { operation, ...(secrets.size === 0 ? {} : { secrets: [...secrets.keys()] }), ...plan.options };
  const submission = submissionOf(calls, common, plan.request);
  if (!(await mayGoOn(context, remote, targets, operation, flags.yes === true))) return EXIT.wrongUse;
  if (interrupt.signal.aborted) {
    context.output.warn("Interrupted: nothing was submitted.");
    return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
  }

  const { submitOnce, onInterrupt, reports } = plan;
  const entry = await submitExec({ api, submission, selector, calls, targets, submitOnce });
  tellFiled(context, remote, entry, targets.length, flags.at !== undefined);
  if (!flags.wait) {
    await printDocument(context.output, [entry], () => `${entry.id}\n`);
    return EXIT.succeeded;
  }
  const entries = await withTasks(api, [entry]);
  const policy = layerPollPolicies(plan.policy, connection.poll, parsePollPolicy(targets[0]!.operation.poll));
  const report = { title: `exec ${selector} ${operation}`, server: connection.url, reports };
  return waitForEntries({ context, api, entries, policy, local: remote.local, interrupt, onInterrupt, report });
}

/** A zone that was asked for and is not obeyed must not go by unsaid. */
function tellBound({ output }: Context, targets: readonly OperationTarget[]): void {
  const bound = targets.flatMap(({ resource }) => (resource.worker === null ? [] : [resource]));
  const [first] = bound;
  if (!first) return;
  const who = bound.length === 1 ? first.name : `${first.name} and ${bound.length - 1} more`;
  const [is, where] = bound.length === 1 ? ["is", `the worker ${first.worker}`] : ["are", "workers"];
  output.warn(`${output.paintErr.yellow("note:")} ${who} ${is} bound to ${where}: --zone changes nothing there.`);
}

function nothingMatches({ output }: Context, selector: string, allowed: boolean): number {
  if (!allowed) {
    throw new WilcoError({
      code: "unknown_resource",
      message: `Nothing matches ${JSON.stringify(selector)}`,
      hint: 'See what there is with "wilco resources list", or pass --allow-empty when nothing is fine.',
    });
  }
  output.notice(`Nothing matches ${selector}; nothing to do.`);
  if (output.format === "json") output.write("[]\n");
  return EXIT.succeeded;
}

/** Asks a person before several resources are changed; read-only operations (not exclusive) need no question. */
async function mayGoOn(
  context: Context,
  remote: Remote,
  targets: readonly OperationTarget[],
  operation: string,
  yes: boolean,
): Promise<boolean> {
  if (yes || targets.length < 2 || !context.output.interactive || !process.stdin.isTTY) return true;
  if (!targets.some((target) => target.operation.exclusive)) return true;
  return confirm(context, `${operation} on ${targets.length} resources at ${remote.connection.url}?`);
}

function tellFiled({ output }: Context, remote: Remote, entry: Entry, targets: number, scheduled: boolean): void {
  const what =
    entry.kind === "request"
      ? `request ${entry.id}: ${entry.operation} on ${targets} ${targets === 1 ? "resource" : "resources"}`
      : `entry ${entry.id}: ${describeWork(entry)}`;
  const start = describeStart(entry, scheduled, output.utc);
  output.notice(`${output.paintErr.dim(remote.local ? "local server" : remote.connection.url)} ${what}${start}`);
  if (entry.warning !== null) output.warn(`${output.paintErr.yellow("note:")} ${entry.warning}`);
}
