/** `wilco discoveries list`, `show`, `take` and `ignore`: what discoveries found, and what becomes of it. */
import type { Api } from "../../client/api.ts";
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import { FINDING_STATUSES, type Finding, type FindingStatus } from "../../domain/finding.ts";
import { globToRegExp, isGlob } from "../../domain/selector.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import { formatCard, type Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";
import { sendPlan } from "../send-plan.ts";

export interface DiscoveriesFlags {
  status?: string;
  under?: string;
  all?: boolean;
  dryRun?: boolean;
}

const PAGE = 1_000;

export async function listDiscoveries(context: Context, flags: DiscoveriesFlags): Promise<number> {
  const statuses = statusesOf(flags.status);
  const { api } = await openRemote(context);
  const found = await allFindings(api, flags.under);
  const shown = found.filter(({ status }) => statuses.includes(status));
  const empty =
    found.length === 0
      ? "Nothing was discovered yet; a type that can has the operation discover: wilco exec RESOURCE discover"
      : `Nothing that was discovered is ${statuses.join(" or ")}.`;
  await printList(context.output, shown, columnsOf(context.output.utc), empty);
  return EXIT.succeeded;
}

export async function showDiscovery(context: Context, name: string): Promise<number> {
  const { api } = await openRemote(context);
  const [finding] = named(await allFindings(api, undefined), [name]);
  await printDocument(context.output, finding, () => cardOf(finding!, context.output.utc, context.output.width));
  return EXIT.succeeded;
}

export async function takeDiscoveries(
  context: Context,
  names: readonly string[],
  flags: DiscoveriesFlags,
): Promise<number> {
  const { api, connection } = await openRemote(context);
  const findings = await wanted(api, names, flags, (status) => status === "new");
  if (findings.length === 0) return nothing(context);
  return sendPlan(context, connection.url, () => api.takeFindings({ findings, dryRun: flags.dryRun === true }));
}

export async function ignoreDiscoveries(
  context: Context,
  names: readonly string[],
  flags: DiscoveriesFlags,
): Promise<number> {
  const { api } = await openRemote(context);
  const findings = await wanted(api, names, flags, (status) => status === "new" || status === "gone");
  if (findings.length === 0) return nothing(context);
  const { items } = await api.ignoreFindings({ findings });
  await printDocument(context.output, items, () => items.map(({ name }) => `ignored ${name}\n`).join(""));
  return EXIT.succeeded;
}

function nothing({ output }: Context): number {
  output.notice("Nothing waits to be decided.");
  return EXIT.succeeded;
}

async function allFindings(api: Api, under: string | undefined): Promise<Finding[]> {
  const found: Finding[] = [];
  for (let after: number | null = 0; after !== null;) {
    const page: { items: Finding[]; next: number | null } = await api.findings({
      after,
      limit: PAGE,
      ...(under === undefined ? {} : { under }),
    });
    found.push(...page.items);
    after = page.next;
  }
  return found;
}

/** @param open what `--all` and globs mean: those that wait; a name or an id may mean any. */
async function wanted(
  api: Api,
  names: readonly string[],
  { all, under }: DiscoveriesFlags,
  open: (status: FindingStatus) => boolean,
): Promise<number[]> {
  if ((names.length === 0) === (all !== true)) {
    throw new WilcoError({
      code: "invalid_request",
      message: names.length === 0 ? "There is no finding named" : "Names and --all exclude each other",
      hint: "Write names, globs or ids, or --all for what waits (with --under NAME: what was found under it).",
    });
  }
  const found = await allFindings(api, under);
  const waiting = found.filter(({ status }) => open(status));
  if (all === true) return waiting.map(({ id }) => id);
  const ids = new Set<number>();
  for (const name of names) {
    const matching = isGlob(name) ? waiting.filter((one) => globToRegExp(name).test(one.name)) : named(found, [name]);
    if (matching.length === 0) {
      throw new WilcoError({
        code: "invalid_request",
        message: `Nothing that waits to be decided matches ${JSON.stringify(name)}`,
        hint: "wilco discoveries list shows what waits.",
      });
    }
    for (const { id } of matching) ids.add(id);
  }
  return [...ids];
}

/** By name or id. @throws WilcoError with the nearest name; for a name that was found under several resources. */
function named(found: readonly Finding[], names: readonly string[]): Finding[] {
  return names.map((name) => {
    const matching = found.filter((one) => one.name === name || String(one.id) === name);
    const [first] = matching;
    if (!first) {
      const known = found.map((one) => one.name);
      throw new WilcoError({
        code: "invalid_request",
        message: `There is no finding ${JSON.stringify(name)}`,
        hint: suggestion(name, known, "Findings") ?? "Nothing was discovered yet.",
      });
    }
    if (matching.length === 1) return first;
    throw new WilcoError({
      code: "invalid_request",
      message: `${JSON.stringify(name)} was found under ${matching.map(({ foundUnder }) => foundUnder).join(" and ")}`,
      hint: `Name the one meant by its id: ${matching.map(({ id }) => id).join(", ")}`,
    });
  });
}

function statusesOf(text: string | undefined): FindingStatus[] {
  if (text === undefined) return [...FINDING_STATUSES];
  return text.split(",").map((word) => {
    const known = FINDING_STATUSES.find((status) => status === word.trim());
    if (known) return known;
    throw new WilcoError({
      code: "invalid_request",
      message: `--status ${word} is not the status of a finding`,
      hint: `Statuses are ${FINDING_STATUSES.join(", ")}.`,
    });
  });
}

function columnsOf(utc: boolean): Array<Column<Finding>> {
  return [
    { title: "id", cell: (finding) => String(finding.id), least: Infinity },
    { title: "name", cell: (finding) => finding.name, least: 16 },
    { title: "type", cell: (finding) => finding.type, spare: 1 },
    { title: "status", cell: (finding) => finding.status, least: Infinity },
    { title: "under", cell: (finding) => finding.foundUnder, spare: 2 },
    { title: "seen", cell: (finding) => formatTime(finding.seenAt, utc), least: Infinity, spare: 3 },
    { title: "problem", cell: (finding) => finding.problem ?? "", least: 16, spare: 4 },
  ];
}

function cardOf(finding: Finding, utc: boolean, width: number): string {
  const fields: Array<readonly [string, string]> = [
    ["finding", finding.name],
    ["id", String(finding.id)],
    ["status", finding.status],
    ["found under", finding.foundUnder],
    ["first seen", formatTime(finding.firstSeenAt, utc)],
    ["last seen", `${formatTime(finding.seenAt, utc)}${finding.entry === null ? "" : ` (entry ${finding.entry})`}`],
  ];
  if (finding.decidedBy !== null)
    fields.push(["decided by", `${finding.decidedBy} (${formatTime(finding.decidedAt, utc)})`]);
  if (finding.problem !== null) fields.push(["not taken", finding.problem]);
  for (const [key, value] of Object.entries(finding.resource))
    fields.push([key, typeof value === "string" ? value : JSON.stringify(value)]);
  return formatCard(fields, width);
}
