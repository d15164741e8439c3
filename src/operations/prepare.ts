/** Resolves and checks what is submitted; the filings of a batch, or what refuses them. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { CREATE_CHILD } from "../domain/capabilities.ts";
import { UPDATE_CONFIGURATION } from "../domain/configuration.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { noResource } from "../inventory/resources.ts";
import type { Target } from "../inventory/targets.ts";
import type { RequestSubmission, SubmitRequest } from "../protocol/messages.ts";
import { checkUpdate } from "./configuration/check-update.ts";
import { checkChild } from "./children.ts";
import { findNamedContent } from "./content-use.ts";
import type { Context } from "./context.ts";
import type { Principal } from "./contract.ts";
import { fileRequest, parametersOf } from "./file-request.ts";
import { fileCall, type Filing } from "./filing.ts";
import { checkScope } from "./scripts/scope.ts";
import { resolveTargets, type TargetRef } from "./request-targets.ts";
import { namesOfOperation } from "./stored-secrets.ts";

export interface SubmitItem {
  principal: Principal;
  request: SubmitRequest;
  batchKey: string | undefined;
  retryOf?: number;
  /** Of a retry: values of the secret store that the old call had used. */
  used?: readonly string[];
  trace?: string | null;
  /** The version of its resource's deployments that the call brings back. */
  restores?: number;
  /** Of a request that is retried: see `RequestInput`. */
  retryTasks?: ReadonlyMap<number, number>;
}

export type Outcome = { filing: Filing } | { error: WilcoError };

const MAX_GUESSES = 10;

/** Resolves and checks every item. With `atomic`, one refused item refuses its request: it files nothing. */
export async function prepare(
  context: Context,
  validator: SchemaValidator,
  tx: Transaction,
  items: SubmitItem[],
): Promise<Outcome[][]> {
  const named = new Set(items.flatMap((item) => item.request.entries.flatMap(({ secrets }) => secrets ?? [])));
  const stored = await context.secrets.values(tx, [...named]);
  const { settings } = context;
  const { sealer } = context.secrets;
  const wanted = await resolveAll(context, tx, items);
  const targets = await context.targets.find(tx, [...new Set([...wanted.values()].flatMap(refsOf))]);
  const content = await findNamedContent(tx, items, targets);
  const now = tx.now();
  let guesses = 0;
  // Looking for the nearest name costs queries; past a few, whoever reads the errors is not helped by more.
  const unknown = async (ref: string | number) =>
    guesses++ < MAX_GUESSES ? context.targets.unknown(tx, ref) : noResource(ref);
  const stocked = new Map<string, Promise<ReadonlyMap<string, string>>>();
  /** Said at once, and not only by the claim. Asked once for each operation, however many targets it has. */
  const requireStored = async (target: Target, operation: string) => {
    const names = namesOfOperation(target.type, operation);
    if (names.length === 0) return;
    const key = names.join();
    if (!stocked.has(key)) stocked.set(key, context.secrets.values(tx, names));
    const found = await stocked.get(key)!;
    const missing = names.find((name) => !found.has(name));
    if (missing !== undefined) throw await context.secrets.unknown(tx, missing);
  };
  /** @param replayed filed before: what was true then need not be any more, and often is not because it was filed. */
  const permitted = async (ref: TargetRef, principal: Principal, asked: Asked, replayed: boolean) => {
    const { operation } = asked;
    const target = targets.get(ref);
    if (!target) throw await unknown(ref);
    await checkScope(context, tx, principal, { verb: "submit", operation, ...target });
    if (replayed) return target;
    await requireStored(target, operation);
    if (operation === CREATE_CHILD && target.type.operations[CREATE_CHILD] !== undefined) {
      await checkChild(context, tx, parametersOf(asked, target.type.name));
    }
    if (operation === UPDATE_CONFIGURATION) {
      await checkUpdate(context, tx, target, parametersOf(asked, target.type.name));
    }
    return target;
  };
  const all: Outcome[][] = [];
  for (const item of items) {
    const outcomes: Outcome[] = [];
    for (const [index, submission] of item.request.entries.entries()) {
      const key = submission.key ?? (item.batchKey === undefined ? undefined : `${item.batchKey}#${index}`);
      const { principal } = item;
      const refs = wanted.get(submission)!;
      const filingOf = async (replayed: boolean): Promise<Filing> => {
        if (refs instanceof WilcoError) throw refs;
        const missing = submission.secrets?.find((name) => !stored.has(name));
        if (missing !== undefined) throw await context.secrets.unknown(tx, missing);
        const used = [...(item.used ?? []), ...(submission.secrets ?? []).map((name) => stored.get(name)!)];
        const common = {
          principal,
          key,
          retryOf: item.retryOf ?? null,
          trace: item.trace ?? null,
          used,
          content,
          restores: item.restores,
        };
        if ("targets" in submission) {
          const input = { ...common, submission, retryTasks: item.retryTasks };
          const targetOf = async (ref: TargetRef) => permitted(ref, principal, submission, replayed);
          return fileRequest(input, refs, targetOf, validator, { settings, sealer }, now);
        }
        const target = await permitted(submission.resource, principal, submission, replayed);
        return fileCall({ ...common, submission }, target, validator, { settings, sealer }, now);
      };
      outcomes.push(await outcomeOf(filingOf, () => isFiled(tx, principal, key)));
    }
    all.push(item.request.atomic ? allOrNothing(outcomes) : outcomes);
  }
  return all;
}

type Asked = Pick<RequestSubmission, "operation" | "parameters" | "parametersByType">;
type Item = SubmitRequest["entries"][number];
type Wanted = ReadonlyMap<Item, TargetRef[] | WilcoError>;

/** What each item is for, so that one look finds the targets of all; or why that can't be said. */
async function resolveAll(context: Context, tx: Transaction, items: readonly SubmitItem[]): Promise<Wanted> {
  const wanted = new Map<Item, TargetRef[] | WilcoError>();
  for (const submission of items.flatMap((item) => item.request.entries)) {
    if (!("targets" in submission)) {
      wanted.set(submission, [submission.resource]);
      continue;
    }
    try {
      wanted.set(submission, await resolveTargets(context.targets, tx, submission));
    } catch (error) {
      if (!(error instanceof WilcoError)) throw error;
      wanted.set(submission, error);
    }
  }
  return wanted;
}

function refsOf(refs: TargetRef[] | WilcoError): TargetRef[] {
  return refs instanceof WilcoError ? [] : refs;
}

function allOrNothing(outcomes: Outcome[]): Outcome[] {
  const refused = outcomes.find((outcome) => "error" in outcome);
  if (!refused) return outcomes;
  return outcomes.map((outcome) => {
    if ("error" in outcome) return outcome;
    return {
      error: new WilcoError({
        code: "conflict",
        message: "Not filed, because another call of the same request was refused",
        hint: "Mend the refused call and submit again.",
      }),
    };
  });
}

/**
 * What refuses a call may be the call itself, filed before an answer that was lost: then it is filed again under its key,
 * and is answered as it was.
 */
async function outcomeOf(
  filingOf: (replayed: boolean) => Promise<Filing>,
  isReplayed: () => Promise<boolean>,
): Promise<Outcome> {
  try {
    try {
      return { filing: await filingOf(false) };
    } catch (error) {
      if (!(error instanceof WilcoError) || !(await isReplayed())) throw error;
      return { filing: await filingOf(true) };
    }
  } catch (error) {
    if (!(error instanceof WilcoError)) throw error;
    return { error };
  }
}

async function isFiled(tx: Transaction, principal: Principal, key: string | undefined): Promise<boolean> {
  if (key === undefined) return false;
  const found = await tx.query("SELECT 1 AS one FROM entry WHERE requested_by = $1 AND key = $2", [
    principal.name,
    key,
  ]);
  return found.length > 0;
}
