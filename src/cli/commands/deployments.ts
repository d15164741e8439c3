/** `wilco deployments list`, `show`, `get` and `rollback` */
import type { Api } from "../../client/api.ts";
import { formatBytes } from "../../core/bytes.ts";
import { WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import type { Entry } from "../../domain/entry.ts";
import type { Deployment } from "../../domain/deployment.ts";
import { layerPollPolicies, parsePollPolicy } from "../../domain/poll-policy.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { identityOfRollback } from "../../client/submit-once.ts";
import { filingOptionsOf, type FilingFlags } from "../filing-flags.ts";
import { onInterruptOf } from "../goes-on.ts";
import { submitOnceOf, type IdempotencyFlags } from "../idempotency/flags.ts";
import { withInterrupt } from "../interrupt.ts";
import { printDocument, printList } from "../output/documents.ts";
import { describeStart, describeWork } from "../output/entry-text.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { pollPolicyOfFlags, type PollFlags } from "../poll-options.ts";
import { openReports, type ReportFlags } from "../reports/reports.ts";
import { openRemote } from "../remote.ts";
import { waitForEntries } from "../wait-for-entries.ts";
import { retrieve, type ContentGetFlags } from "./content.ts";

export interface RollbackFlags extends PollFlags, FilingFlags, IdempotencyFlags, ReportFlags {
  wait: boolean;
  onInterrupt: string;
}

const PAGE = 1_000;

export async function listDeployments(context: Context, name: string): Promise<number> {
  const { api } = await openRemote(context);
  const items = await allOf(api, name);
  const empty = `Nothing was deployed to ${name} yet; deploy with: wilco deploy ${name} FILE`;
  await printList(context.output, items, columnsOf(context.output.utc), empty);
  return EXIT.succeeded;
}

export async function showDeployment(context: Context, name: string, version?: string): Promise<number> {
  const { api } = await openRemote(context);
  const one = await find(api, name, version);
  const { output } = context;
  await printDocument(output, one, () =>
    [
      `${name} version ${one.version}${one.label === null ? "" : ` (${one.label})`}  ${one.status.replace("_", " ")}`,
      `content  ${one.content.name}, ${formatBytes(one.content.size)}, SHA-256 ${one.content.sha256}`,
      `entry    ${one.entry}, by ${one.author}, ${formatTime(one.at, output.utc)}`,
      ...(one.restores === null ? [] : [`brought back version ${one.restores}`]),
      "",
    ].join("\n"),
  );
  return EXIT.succeeded;
}

export async function getDeployment(
  context: Context,
  name: string,
  version: string | undefined,
  flags: ContentGetFlags,
): Promise<number> {
  const { api } = await openRemote(context);
  return retrieve(context, api, (await find(api, name, version)).content, flags);
}

export async function rollBack(
  context: Context,
  name: string,
  version: string | undefined,
  flags: RollbackFlags,
): Promise<number> {
  const policy = pollPolicyOfFlags(flags);
  const onInterrupt = onInterruptOf(flags.onInterrupt);
  const wanted = version === undefined ? undefined : versionOf(version);
  const request = { ...filingOptionsOf(flags), ...(wanted === undefined ? {} : { version: wanted }) };
  const submitOnce = await submitOnceOf(context, flags);
  const reports = await openReports(context, flags);
  return withInterrupt(async (interrupt) => {
    const { api, connection } = await openRemote(context);
    const file = submitOnce
      ? async () => {
          const { id } = await api.resource(name);
          return submitOnce(identityOfRollback(id, wanted, request.after), (key) =>
            api.rollBack(id, { ...request, key }, randomId()),
          );
        }
      : async () => (await api.rollBack(name, request, randomId())).entry;
    const entry = await file();
    tellFiled(context, entry, flags.at !== undefined);
    if (!flags.wait) {
      await printDocument(context.output, [entry], () => `${entry.id}\n`);
      return EXIT.succeeded;
    }
    return waitForEntries({
      context,
      api,
      entries: [entry],
      policy: layerPollPolicies(policy, connection.poll, parsePollPolicy({})),
      local: false,
      interrupt,
      onInterrupt,
      report: { title: `deployments rollback ${name}`, server: connection.url, reports },
    });
  });
}

function tellFiled({ output }: Context, entry: Entry, scheduled: boolean): void {
  const start = describeStart(entry, scheduled, output.utc);
  output.notice(`entry ${entry.id}: ${describeWork(entry)}: ${entry.note ?? ""}${start}`);
  if (entry.warning !== null) output.warn(`${output.paintErr.yellow("note:")} ${entry.warning}`);
}

async function find(api: Api, name: string, version: string | undefined): Promise<Deployment> {
  const all = await allOf(api, name);
  const found =
    version === undefined
      ? all.find(({ status }) => status === "current")
      : all.find((one) => one.version === versionOf(version));
  if (found) return found;
  throw new WilcoError({
    code: "invalid_request",
    message: version === undefined ? `Nothing is deployed to ${name}` : `${name} has no version ${version}`,
    hint: all.length === 0 ? `Deploy with: wilco deploy ${name} FILE` : `See them: wilco deployments list ${name}`,
  });
}

async function allOf(api: Api, name: string): Promise<Deployment[]> {
  const items: Deployment[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.deployments(name, { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

function versionOf(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(text)} is not the number of a version`,
    hint: 'Versions are 1, 2, 3 …; "wilco deployments list" shows them.',
  });
}

function columnsOf(utc: boolean): Array<Column<Deployment>> {
  return [
    { title: "version", cell: ({ version }) => String(version), least: Infinity },
    { title: "label", cell: ({ label }) => label ?? "-", least: 8 },
    { title: "status", cell: ({ status }) => status.replace("_", " "), least: Infinity },
    { title: "file", cell: ({ content }) => content.name, least: 12, spare: 1 },
    { title: "content", cell: ({ content }) => content.sha256.slice(0, 12), least: Infinity, spare: 4 },
    { title: "entry", cell: ({ entry }) => String(entry), least: Infinity },
    { title: "by", cell: ({ author }) => author, spare: 3 },
    { title: "at", cell: ({ at }) => formatTime(at, utc), least: Infinity, spare: 2 },
  ];
}
