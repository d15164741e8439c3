/** The targets of a request: which they are now, and what is said when some are refused. */
import { WilcoError } from "../core/errors.ts";
import type { Sql } from "../database/database.ts";
import { MAX_TASKS } from "../domain/request.ts";
import type { Targets } from "../inventory/targets.ts";
import type { RequestSubmission } from "../protocol/messages.ts";

/** A name or an id. */
export type TargetRef = string | number;

const MAX_NAMED = 5;
const MAX_LISTED = 100;
const MAX_TEXT = 200;

/**
 * The targets as they are now: names and ids as listed, or ids of what the selector or group names.
 * @throws WilcoError `invalid_request`, and what `Targets.select` throws.
 */
export async function resolveTargets(targets: Targets, sql: Sql, submission: RequestSubmission): Promise<TargetRef[]> {
  const { resources, selector, group } = submission.targets;
  if ([resources, selector, group].filter((one) => one !== undefined).length !== 1) {
    throw new WilcoError({
      code: "invalid_request",
      message: "The targets of a request are named by one of resources, selector and group",
      hint: 'Write { targets: { group: "web" } }, { targets: { selector: "tier=web" } } or { targets: { resources: ["web-1"] } }.',
    });
  }
  const refs = resources ?? (await targets.select(sql, group === undefined ? { selector: selector! } : { group }));
  if (refs.length > MAX_TASKS) {
    throw new WilcoError({
      code: "too_large",
      message: `${targetsText(submission, [])} names ${refs.length} targets, and a request has at most ${MAX_TASKS} tasks`,
      hint: "Submit several requests with narrower selectors.",
    });
  }
  if (refs.length === 0 && submission.allowEmpty !== true) {
    throw new WilcoError({
      code: "unknown_resource",
      message: resources ? "The request names no resource" : `Nothing matches ${targetsText(submission, [])}`,
      hint: "`wilco resources list` shows what there is; with allowEmpty no target at all is a success.",
    });
  }
  return refs;
}

/** For people: "group=web", "tier=web", "web-1,web-2", "web-1,web-2,web-3,web-4,web-5 and 95 more". */
export function targetsText({ targets }: RequestSubmission, names: readonly string[]): string {
  const { resources, selector, group } = targets;
  if (group !== undefined) return `group=${group}`;
  const shown = selector === "" ? "*" : (selector ?? listed(names.length > 0 ? names : (resources ?? [])));
  return shown.length > MAX_TEXT ? `${shown.slice(0, MAX_TEXT)}…` : shown;
}

function listed(names: ReadonlyArray<string | number>): string {
  const more = names.length - MAX_NAMED;
  return more > 1 ? `${names.slice(0, MAX_NAMED).join(",")} and ${more} more` : names.join(",");
}

/** One error for all refused targets, which names each. */
export function refusalOf(refused: ReadonlyArray<{ resource: string; error: WilcoError }>, total: number): WilcoError {
  const codes = new Set(refused.map(({ error }) => error.code));
  const named = [...new Set(refused.map(({ error }) => error.message))];
  const more = named.length > MAX_NAMED ? `; and ${named.length - MAX_NAMED} more` : "";
  const sentences = `${named.slice(0, MAX_NAMED).join("; ")}${more}`;
  return new WilcoError({
    code: codes.size === 1 ? refused[0]!.error.code : "invalid_request",
    message:
      total === 1 ? sentences : `${refused.length} of ${total} targets are refused, so none was filed: ${sentences}`,
    hint: refused.find(({ error }) => error.hint !== undefined)?.error.hint,
    details: {
      targets: refused.slice(0, MAX_LISTED).map(({ resource, error }) => ({
        resource,
        code: error.code,
        message: error.message,
        ...(error.details === undefined ? {} : { details: error.details }),
      })),
    },
  });
}
