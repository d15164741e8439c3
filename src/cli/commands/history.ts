/** `wilco history` */
import type { Api } from "../../client/api.ts";
import { hidesAutomatic } from "../../client/hidden-automatic.ts";
import { WilcoError } from "../../core/errors.ts";
import { suggestion } from "../../core/suggest.ts";
import { ENTRY_KINDS } from "../../domain/entry.ts";
import { STATUSES } from "../../domain/status.ts";
import type { EntriesQuery } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { parseEntryId, parseCount } from "../numbers.ts";
import { printList } from "../output/documents.ts";
import { entryColumns } from "../output/entry-text.ts";
import { sentence } from "../output/error-text.ts";
import { parsePast } from "../output/times.ts";
import { openRemote } from "../remote.ts";

export interface HistoryFlags {
  status?: string;
  resource?: string;
  operation?: string;
  kind?: string;
  requestedBy?: string;
  parent?: string;
  since?: string;
  until?: string;
  automatic?: boolean;
  oldest?: boolean;
  limit?: string;
}

const PAGE = 1_000;
const HIDDEN = "Automatic checks and metrics are left out; --automatic shows them too.";

export async function historyCommand(context: Context, flags: HistoryFlags): Promise<number> {
  const query = queryOf(flags);
  const limit = parseCount(flags.limit ?? "50", "--limit");
  const { api } = await openRemote(context);
  const entries = [];
  for (let cursor: string | null | undefined; cursor !== null && entries.length < limit;) {
    const page = await api.entries({
      ...query,
      limit: Math.min(PAGE, limit - entries.length),
      ...(cursor === undefined ? {} : { cursor }),
    });
    entries.push(...page.items);
    cursor = page.next;
  }
  const { output } = context;
  await printList(output, entries, entryColumns(output.utc, output.paint), "No entries match.");
  if (entries.length === 0 && flags.resource !== undefined) await tellOfUnknown(context, api, flags.resource);
  if (await shouldTellOfHidden(context, api, query, entries.length)) output.notice(output.paintErr.dim(HIDDEN));
  return EXIT.succeeded;
}

/** Perhaps the name is wrong. It may also be that of a resource that is gone, and whose entries are: no error. */
async function tellOfUnknown({ output }: Context, api: Api, name: string): Promise<void> {
  const unknown = await api.resource(name).then(
    () => undefined,
    (error: unknown) => (error instanceof WilcoError && error.code === "unknown_resource" ? error : undefined),
  );
  if (unknown) output.notice(`${sentence(unknown.message)} ${unknown.hint ?? ""}`.trim());
}

/** A person at a terminal is told, and one who was told that there is nothing; never a program that reads the list. */
async function shouldTellOfHidden({ output }: Context, api: Api, query: EntriesQuery, shown: number): Promise<boolean> {
  const { format, interactive, quiet, width } = output;
  if (format !== "table" || quiet || (shown > 0 && !(interactive && width !== Infinity))) return false;
  return hidesAutomatic(query, shown, async (limit) => (await api.entries({ ...query, automatic: true, limit })).items);
}

function queryOf(flags: HistoryFlags): EntriesQuery {
  const query: EntriesQuery = { order: flags.oldest === true ? "oldest" : "newest" };
  if (flags.status !== undefined) {
    for (const status of flags.status.split(",")) requireOneOf(status.trim(), STATUSES, "--status", "statuses");
    query.status = flags.status;
  }
  if (flags.kind !== undefined) {
    requireOneOf(flags.kind, ENTRY_KINDS, "--kind", "kinds");
    query.kind = flags.kind;
  }
  if (flags.resource !== undefined) query.resource = flags.resource;
  if (flags.operation !== undefined) query.operation = flags.operation;
  if (flags.requestedBy !== undefined) query.requestedBy = flags.requestedBy;
  if (flags.automatic === true) query.automatic = true;
  if (flags.parent !== undefined) query.parent = parseEntryId(flags.parent);
  if (flags.since !== undefined) query.since = parsePast(flags.since, "--since");
  if (flags.until !== undefined) query.until = parsePast(flags.until, "--until");
  return query;
}

function requireOneOf(value: string, known: readonly string[], flag: string, noun: string): void {
  if (known.includes(value)) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `${flag} does not know ${JSON.stringify(value)}`,
    hint: suggestion(value, known, noun),
  });
}
