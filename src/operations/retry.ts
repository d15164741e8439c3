/** A new entry with the same call, that names the old. There is no way back from a terminal status. */
import { readEntry, unknownEntry } from "../audit/read.ts";
import { WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { Entry } from "../domain/entry.ts";
import { isTerminal } from "../domain/status.ts";
import { openParameters } from "../inventory/parameter-secrets.ts";
import type { Submission, SubmitAnswer } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import type { SubmitItem } from "./prepare.ts";
import { retryScript } from "./scripts/file-script.ts";
import { retryOfRequest } from "./retry-request.ts";

/** The id that an entry's resource has once it was removed. */
const GONE = 0;

/** @throws WilcoError `unknown_entry`, `conflict` while it has not ended, and whatever refuses a submit. */
export async function retryEntry(
  context: Context,
  submit: (item: SubmitItem) => Promise<SubmitAnswer>,
  principal: Principal,
  id: number,
  key: string | undefined,
): Promise<Entry> {
  const old = await readEntry(context.database, id);
  if (!isTerminal(old.status)) {
    throw new WilcoError({
      code: "conflict",
      message: `Entry ${id} has not ended: it is ${old.status}`,
      hint: "Wait for it, or cancel it first.",
      details: { entry: id, status: old.status },
    });
  }
  if (old.kind === "script") return retryScript(context, principal, old, key);
  const answer = await submit({ principal, batchKey: key, retryOf: id, ...(await repeated(context, old)) });
  const [outcome] = answer.entries;
  if (!outcome || "error" in outcome) throw WilcoError.fromBody(outcome!.error);
  return outcome.entry;
}

/** What is submitted for it. */
async function repeated(
  context: Context,
  old: Entry,
): Promise<Pick<SubmitItem, "request" | "used" | "retryTasks" | "restores">> {
  if (old.kind === "request") {
    const { submission, retryTasks, used } = await retryOfRequest(context, old);
    return { request: { entries: [submission] }, retryTasks, used };
  }
  if (old.resource === null || old.operation === null) {
    throw new WilcoError({
      code: "conflict",
      message: `Entry ${old.id} is a ${old.kind}, which can't be repeated by itself`,
      hint: "Retry the operations that belong to it.",
    });
  }
  if (old.resource.id === GONE) {
    throw new WilcoError({
      code: "conflict",
      message: `${old.resource.name} of entry ${old.id} does not exist any more`,
      hint: "Call the operation on another resource.",
    });
  }
  const { parameters, used } = await openedParameters(context, old.id);
  const submission: Submission = {
    resource: old.resource.id,
    operation: old.operation,
    parameters,
    timeout: old.timeout,
    priority: old.priority,
    ...(old.note === null ? {} : { note: old.note }),
  };
  const [back] = await context.database.query<{ restores: number }>(
    "SELECT restores FROM entry_content WHERE entry = $1 AND restores IS NOT NULL",
    [old.id],
  );
  return { request: { entries: [submission] }, used, ...(back ? { restores: back.restores } : {}) };
}

/** What an entry was called with, secrets opened. @throws WilcoError `unknown_entry`. */
export async function openedParameters(
  context: Context,
  id: number,
): Promise<{ parameters: JsonObject; used: string[] }> {
  const [row] = await context.database.query<{ parameters: string; sealed: string | null }>(
    "SELECT parameters, sealed FROM entry WHERE id = $1",
    [id],
  );
  if (!row) throw unknownEntry(id);
  return openParameters(row.parameters, row.sealed, context.secrets.sealer);
}
