/** The versions of a resource, for scripts: `resource.deployments()`, and `resource.rollback()` to one of them. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { DEPLOY } from "../domain/capabilities.ts";
import type { Resource } from "../domain/resource.ts";
import { OPTION_KEYS, type CallOptions, type NormalisedOptions } from "./call-options.ts";
import type { FiledCourse } from "./execution-course.ts";
import { layerOptions } from "./operation-call.ts";
import type { ClientPort } from "./port.ts";
import type { KnownType } from "./resource-type-cache.ts";

export interface DeploymentsQuery {
  /** At most this many; default 100. */
  limit?: number;
}

/** Options of a roll-back. */
export interface RollbackOptions extends CallOptions {
  /** The version to bring back, as `deployments()` numbers them. Default: the one before the current. */
  to?: number;
}

const LIMIT = 100;

/** @throws WilcoError `invalid_request`. @returns the limit. */
export function parseDeploymentsQuery(input: unknown): number {
  if (input === undefined) return LIMIT;
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("The query is not an object", "Write { limit: 10 }.");
  }
  const { limit = LIMIT, ...rest } = input as { limit?: unknown };
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw invalid(`The query has no "${extra}"`, suggestion(extra, ["limit"], "It takes"));
  if (isWhole(limit) && limit <= 1_000_000) return limit;
  throw invalid(`limit is ${JSON.stringify(limit)}`, "Write a whole number from 1 to 1000000.");
}

export interface RollbackInit {
  port: ClientPort;
  resource: Resource;
  type: KnownType;
  /** As written. */
  input: unknown;
  /** Of `with()`. */
  defaults: Readonly<NormalisedOptions>;
}

/** @throws WilcoError `unknown_operation`, `invalid_request`, `invalid_policy`: nothing was submitted. */
export function rollbackCall({
  port,
  resource,
  type,
  input,
  defaults,
}: RollbackInit): Pick<FiledCourse, "subject" | "poll" | "file"> {
  const deploy = type.operations.get(DEPLOY);
  if (!deploy) {
    throw new WilcoError({
      code: "unknown_operation",
      message: `${resource.name} can't be rolled back: its type ${type.name} has no ${DEPLOY}`,
      hint: `Declare the operation ${DEPLOY} in the type.`,
    });
  }
  if (typeof input === "number") {
    throw invalid("A roll-back takes an object", `Write rollback({ to: ${input} }).`);
  }
  const { to, ...rest } = (input ?? {}) as RollbackOptions;
  const extra = Object.keys(rest).find((key) => !(OPTION_KEYS as readonly string[]).includes(key));
  if (extra !== undefined) {
    throw invalid(`A roll-back has no option "${extra}"`, suggestion(extra, ["to", ...OPTION_KEYS], "Options"));
  }
  if (to !== undefined && !isWhole(to)) {
    throw invalid(`to is ${JSON.stringify(to)}`, "Write the number of a version, as deployments() gives it.");
  }
  const written = typeof input === "object" && !Array.isArray(input) ? rest : input;
  const { options, poll, filed } = layerOptions({ port, input: written, defaults, poll: deploy.poll });
  const call = { resource: resource.id, resourceName: resource.name, type: resource.type, ...options };
  return {
    subject: `${resource.name} rollback`,
    poll,
    file: () => filed((after) => port.rollBack({ ...call, ...after, ...(to === undefined ? {} : { to }) })),
  };
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
