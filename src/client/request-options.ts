/** The second argument of a group's operation: what a call takes, and how its tasks are run. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { countOf, TASK_ORDERS, type TaskOrder } from "../domain/request.ts";
import { OPTION_KEYS, parseCallOptions, type CallOptions, type NormalisedOptions } from "./call-options.ts";

/** Options of a request. */
export interface RequestOptions extends CallOptions {
  /** Tasks at once: a number, or a share of them ("25%", rounded up). Default all. */
  concurrency?: number | string;
  /** "given" (default: a group's list as listed, else as the resources were added), "name", "reverse" or "random". */
  order?: TaskOrder;
  /** When a task fails, those that have not started are canceled. Default false. */
  haltOnFailure?: boolean;
  /** How many tasks must succeed: a number, or a share of them ("95%", rounded up). Default all. */
  minSuccess?: number | string;
  /** All tasks on one worker, one after the other, in order. Default false. */
  serial?: boolean;
  /** A group without members is a success. Default false. */
  allowEmpty?: boolean;
}

export const REQUEST_OPTION_KEYS = [
  "concurrency",
  "order",
  "haltOnFailure",
  "minSuccess",
  "serial",
  "allowEmpty",
] as const satisfies ReadonlyArray<Exclude<keyof RequestOptions, keyof CallOptions>>;

type RequestOptionKey = (typeof REQUEST_OPTION_KEYS)[number];

/** @throws WilcoError `invalid_request` or `invalid_policy`; unknown keys come with the nearest name. */
export function parseRequestOptions(input: unknown): Readonly<NormalisedOptions> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return parseCallOptions(input);
  const own: Pick<RequestOptions, RequestOptionKey> = {};
  const rest: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input) as Array<[string, unknown]>) {
    if (value === undefined) continue;
    if ((REQUEST_OPTION_KEYS as readonly string[]).includes(key)) readOption(own, key as RequestOptionKey, value);
    else if ((OPTION_KEYS as readonly string[]).includes(key)) rest[key] = value;
    else
      throw invalid(
        `A request has no option "${key}"`,
        suggestion(key, [...REQUEST_OPTION_KEYS, ...OPTION_KEYS], "Options"),
      );
  }
  if (own.serial === true && own.concurrency !== undefined) {
    throw invalid("serial and concurrency exclude each other", "Leave one of them out: serial is one after the other.");
  }
  return { ...parseCallOptions(rest), ...own };
}

function readOption(options: Pick<RequestOptions, RequestOptionKey>, key: RequestOptionKey, value: unknown): void {
  switch (key) {
    case "concurrency":
    case "minSuccess":
      countOf(value as number | string, 100, key);
      options[key] = value as number | string;
      return;
    case "order": {
      const order = TASK_ORDERS.find((one) => one === value);
      if (!order) throw invalid(`order is ${JSON.stringify(value)}`, `Write one of ${TASK_ORDERS.join(", ")}.`);
      options.order = order;
      return;
    }
    case "haltOnFailure":
    case "serial":
    case "allowEmpty":
      if (typeof value !== "boolean") throw invalid(`${key} is neither true nor false`, `Write ${key}: true.`);
      options[key] = value;
  }
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
