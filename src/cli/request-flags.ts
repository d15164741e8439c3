/** `exec` on more than one target files one request: the flags that say how its tasks are run. */
import type { Command } from "commander";
import { WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { canonicalJson } from "../core/json.ts";
import { countOf, TASK_ORDERS } from "../domain/request.ts";
import { suggestion } from "../core/suggest.ts";
import type { RequestSubmission, Submission } from "../protocol/messages.ts";

export interface RequestFlags {
  concurrency?: string;
  minSuccess?: string;
  haltOnFailure?: boolean;
  serial?: boolean;
  order?: string;
}

export type RequestOptions = Pick<
  RequestSubmission,
  "concurrency" | "minSuccess" | "haltOnFailure" | "serial" | "order"
>;

export function addRequestOptions(command: Command): Command {
  return command
    .option("--concurrency <count|share>", "targets at once: 5, or 25% of them (default all)")
    .option("--min-success <count|share>", "how many must succeed: 9, or 95% of them (default all)")
    .option("--halt-on-failure", "when a target fails, cancel those that have not started")
    .option("--serial", "all on one worker, one after the other, in order")
    .option("--order <order>", "given (default), name, reverse or random");
}

/** @throws WilcoError `invalid_request` in the words of the flags. */
export function requestOptionsOf(flags: RequestFlags): RequestOptions {
  if (flags.serial === true && flags.concurrency !== undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--serial and --concurrency exclude each other",
      hint: "Leave one of them out: --serial runs one target after the other, on one worker.",
    });
  }
  return {
    ...(flags.concurrency === undefined ? {} : { concurrency: shareOf(flags.concurrency, "--concurrency") }),
    ...(flags.minSuccess === undefined ? {} : { minSuccess: shareOf(flags.minSuccess, "--min-success") }),
    ...(flags.haltOnFailure === true ? { haltOnFailure: true } : {}),
    ...(flags.serial === true ? { serial: true } : {}),
    ...(flags.order === undefined ? {} : { order: orderOf(flags.order) }),
  };
}

function shareOf(text: string, flag: string): number | string {
  const value = /^\d+$/.test(text) ? Number(text) : text;
  countOf(value, 100, flag);
  return value;
}

function orderOf(text: string): NonNullable<RequestOptions["order"]> {
  const found = TASK_ORDERS.find((order) => order === text);
  if (found) return found;
  throw new WilcoError({
    code: "invalid_request",
    message: `--order does not know ${JSON.stringify(text)}`,
    hint: suggestion(text, TASK_ORDERS, "It takes"),
  });
}

export interface TargetCall {
  resource: number;
  type: string;
  parameters: JsonObject;
}

/** One target is a call. More are one request, with parameters by type where the types' schemas made them differ. */
export function submissionOf(
  calls: readonly TargetCall[],
  common: Omit<Submission, "resource" | "parameters">,
  options: RequestOptions,
): Submission | RequestSubmission {
  const [first] = calls;
  if (calls.length === 1 && first && options.minSuccess === undefined) {
    return { resource: first.resource, parameters: first.parameters, ...common };
  }
  const byType = new Map(calls.map((call) => [call.type, call.parameters]));
  const same = new Set([...byType.values()].map((parameters) => canonicalJson(parameters))).size === 1;
  return {
    targets: { resources: calls.map((call) => call.resource) },
    ...(same ? { parameters: first!.parameters } : { parametersByType: Object.fromEntries(byType) }),
    ...common,
    ...options,
  };
}
