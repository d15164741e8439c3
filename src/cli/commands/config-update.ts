/** `wilco config update` and `rollback`: an entry of the kind configuration, followed to its end like any other. */
import { readFile } from "node:fs/promises";
import { WilcoError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import { createMasker } from "../../core/masking.ts";
import { READ_CONFIGURATION, UPDATE_CONFIGURATION } from "../../domain/configuration.ts";
import { layerPollPolicies, parsePollPolicy } from "../../domain/poll-policy.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import type { Resource } from "../../domain/resource.ts";
import { patchOf } from "../config-patch.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { submitExec } from "../exec/submit.ts";
import { filingOptionsOf, type FilingFlags } from "../filing-flags.ts";
import { onInterruptOf } from "../goes-on.ts";
import { submitOnceOf, type IdempotencyFlags } from "../idempotency/flags.ts";
import { withInterrupt } from "../interrupt.ts";
import { parseCount } from "../numbers.ts";
import { printDocument } from "../output/documents.ts";
import { describeStart } from "../output/entry-text.ts";
import { fillInSecrets, readParameters } from "../parameters.ts";
import { pollPolicyOfFlags, type PollFlags } from "../poll-options.ts";
import { openReports, type ReportFlags } from "../reports/reports.ts";
import { openRemote, type Remote } from "../remote.ts";
import { waitForEntries } from "../wait-for-entries.ts";

export interface ConfigUpdateFlags extends PollFlags, FilingFlags, IdempotencyFlags, ReportFlags {
  base?: string;
  replace?: boolean;
  wait: boolean;
  onInterrupt: string;
}

/** @param given keys and values, and documents as `@FILE`. */
export async function updateConfig(
  context: Context,
  name: string,
  given: readonly string[],
  flags: ConfigUpdateFlags,
): Promise<number> {
  const documents = given.filter((one) => one.startsWith("@"));
  if (documents.length > 1) throw onlyOneDocument(documents);
  const typed = await readParameters({
    params: given.filter((one) => !one.startsWith("@")),
    document: documents[0]?.slice(1),
    argv: null,
    flag: "the change",
    env: context.env,
    readFile: (path) => readFile(context.path(path), "utf8"),
    readStdin: () => context.readStdin(),
  });
  return submit(context, "config update", name, flags, async ({ api }, type) => {
    const { raw, secrets } = await fillInSecrets(typed, async (secret) => (await api.secret(secret)).value);
    context.output.mask(createMasker(secrets.values()).text);
    const patch = patchOf(raw, type.name, type.configuration ?? { type: "object" });
    return { change: flags.replace === true ? { configuration: patch } : { patch }, secrets: [...secrets.keys()] };
  });
}

export async function rollbackConfig(
  context: Context,
  name: string,
  version: string,
  flags: ConfigUpdateFlags,
): Promise<number> {
  const rollback = parseCount(version, "the version");
  return submit(context, "config rollback", name, flags, async () => ({ change: { rollback }, secrets: [] }));
}

type Changing = (remote: Remote, type: ResourceTypeDescriptor) => Promise<{ change: JsonObject; secrets: string[] }>;

async function submit(
  context: Context,
  title: string,
  name: string,
  flags: ConfigUpdateFlags,
  change: Changing,
): Promise<number> {
  const flagPolicy = pollPolicyOfFlags(flags);
  const filing = filingOptionsOf(flags);
  const onInterrupt = onInterruptOf(flags.onInterrupt);
  const submitOnce = await submitOnceOf(context, flags);
  const reports = await openReports(context, flags);
  const base = flags.base === undefined ? {} : { base: flags.base === "0" ? 0 : parseCount(flags.base, "--base") };
  const remote = await openRemote(context);
  const { api, connection } = remote;
  const resource = await api.resource(name);
  const type = await api.type(resource.type);
  const operation = type.operations[UPDATE_CONFIGURATION];
  if (!operation) throw notConfigurable(resource, type);
  const { change: asked, secrets } = await change(remote, type);
  const parameters: JsonObject = { ...asked, ...base };
  const submission = {
    resource: resource.id,
    operation: UPDATE_CONFIGURATION,
    parameters,
    ...(secrets.length === 0 ? {} : { secrets }),
    ...filing,
  };
  const entry = await submitExec({
    api,
    submission,
    selector: name,
    calls: [{ resource: resource.id, type: type.name, parameters }],
    targets: [{ resource, operation }],
    submitOnce,
  });
  const { output } = context;
  output.notice(
    `${output.paintErr.dim(connection.url)} entry ${entry.id}: the configuration of ${resource.name}${describeStart(entry, flags.at !== undefined, output.utc)}`,
  );
  if (entry.warning !== null) output.warn(`${output.paintErr.yellow("note:")} ${entry.warning}`);
  if (!flags.wait) {
    await printDocument(output, [entry], () => `${entry.id}\n`);
    return EXIT.succeeded;
  }
  const policy = layerPollPolicies(flagPolicy, connection.poll, parsePollPolicy(operation.poll));
  const report = { title: `${title} ${name}`, server: connection.url, reports };
  return withInterrupt((interrupt) =>
    waitForEntries({ context, api, entries: [entry], policy, local: false, interrupt, onInterrupt, report }),
  );
}

function notConfigurable({ name }: Resource, type: ResourceTypeDescriptor): WilcoError {
  const readable = type.operations[READ_CONFIGURATION] !== undefined;
  return new WilcoError({
    code: "unknown_operation",
    message: `The configuration of ${name} can't be changed: its type ${type.name} has no ${UPDATE_CONFIGURATION}`,
    hint: readable ? `It can be read: wilco config get ${name}` : "Declare the operation in the type.",
  });
}

function onlyOneDocument(documents: readonly string[]): WilcoError {
  return new WilcoError({
    code: "invalid_parameters",
    message: `There are ${documents.length} documents: ${documents.join(", ")}`,
    hint: "Give one @FILE, and keys with values beside it.",
  });
}
