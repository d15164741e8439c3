/**
 * The strict table of what a script may ask for, and the shape of each argument. Everything that comes over the bridge
 * is JSON that hostile code may have written: nothing is passed on that is not listed here.
 */
import { WilcoError } from "../core/errors.ts";
import {
  either,
  flag,
  list,
  nested,
  number,
  object,
  one,
  shape,
  text,
  textsByName,
  whole,
  type Check,
} from "./guest/checks.ts";

const MAX_MS = 315_360_000_000;
/** Levels of lists and objects inside each other. */
const MAX_LEVELS = 500;
/** Characters of a request's body; the limit of all arguments is mostly less. */
const MAX_BODY = 16 * 1024 * 1024;

const notTooDeep = nested(MAX_LEVELS);
const id = whole(1, Number.MAX_SAFE_INTEGER);
const version = whole(0, Number.MAX_SAFE_INTEGER);
const ms = whole(0, MAX_MS);
const name = text(256);
const infinite = one("infinite");

const options = {
  timeout: ms,
  priority: whole(0, 200),
  at: text(64),
  delay: ms,
  zone: name,
  worker: name,
  after: list(shape({ entry: id, on: one("success", "failure", "any") }), 1_000),
  requireWorker: ms,
  idempotencyKey: text(512),
  note: text(1_000),
};
const callOptions = { ...options, files: list(name, 100) };

const target = { resource: id, resourceName: name, type: name };
const call = shape({ ...target, operation: name, parameters: object }, callOptions);
const rollback = shape(target, { ...options, to: id });

const share = either(whole(1, 1_000_000), text(16));

const groupCall = shape(
  { group: name, operation: name, parameters: object },
  {
    ...callOptions,
    concurrency: share,
    order: one("given", "name", "reverse", "random"),
    haltOnFailure: flag,
    minSuccess: share,
    serial: flag,
    allowEmpty: flag,
  },
);
/** What it lacks is told by the one that it looks like. */
const anyCall: Check = (value, place) =>
  (object(value, place) === undefined && "group" in (value as object) ? groupCall : call)(value, place);

/** What of it is not the default. */
const policy = shape(
  {},
  {
    delay: number(1, MAX_MS),
    limit: either(whole(1, Number.MAX_SAFE_INTEGER), infinite),
    backoff: number(1, 1_000),
    maxDelay: either(number(1, MAX_MS), infinite),
    jitter: number(0, 1),
    waitTimeout: either(number(0, MAX_MS), infinite),
    onLimit: one("throw", "return"),
  },
);

const query = shape(
  {},
  {
    status: either(text(64), list(text(64), 20)),
    resource: either(name, id),
    operation: name,
    kind: text(32),
    requestedBy: name,
    automatic: flag,
    parent: id,
    since: text(64),
    until: text(64),
    order: one("newest", "oldest"),
    limit: whole(1, 1_000_000),
  },
);

const range = { since: text(64), until: text(64) };

const bytes = either(shape({ text: text(MAX_BODY) }), shape({ base64: text(MAX_BODY) }));

const request = shape(
  {
    url: text(8_192),
    method: one("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
    headers: textsByName(text(16_384), 100),
    redirect: one("follow", "manual", "error"),
    timeout: whole(1, 300_000),
  },
  { body: bytes },
);

interface Method {
  args: Check[];
  /** How many of them must be there. */
  required: number;
}
const method = (args: Check[], required = args.length): Method => ({ args, required });

/** Asynchronous: answered by a settlement. */
export const CALLS: Readonly<Record<string, Method>> = {
  submit: method([anyCall]),
  rollBack: method([rollback]),
  wait: method([id, policy]),
  cancel: method([id, shape({}, { force: flag, reason: text(1_000) })]),
  retry: method([id]),
  entry: method([id]),
  entries: method([query]),
  tree: method([id]),
  events: method([id, whole(0, Number.MAX_SAFE_INTEGER), whole(0, 60_000)]),
  configuration: method([id, id], 1),
  configurationVersions: method([id, whole(1, 1_000_000)]),
  deployments: method([id, whole(1, 1_000_000)]),
  availabilityHistory: method([id, shape({}, { ...range, limit: whole(1, 1_000) })]),
  metricHistory: method([id, shape({}, { ...range, name: text(128), points: whole(1, 10_000) })]),
  configurationDifferences: method([id, version, version]),
  readFile: method([text(4_096), one("utf8", "base64")]),
  fetch: method([request]),
};

/** Without an answer. */
export const NOTICES: Readonly<Record<string, Method>> = {
  follow: method([id, policy]),
};

/** Synchronous: the sandbox's thread is blocked until they are answered. */
export const LOOKUPS: Readonly<Record<string, Method>> = {
  resource: method([either(text(256), id)]),
  resources: method([text(8_192), text(256)], 1),
  type: method([text(128)]),
  secret: method([text(128)]),
};

/**
 * The arguments of a call, checked.
 * @throws WilcoError `invalid_request` for a method that is not in the table or arguments that do not fit it.
 */
export function readArguments(table: Readonly<Record<string, Method>>, name: string, json: string): unknown[] {
  const known = Object.hasOwn(table, name) ? table[name]! : undefined;
  if (!known) throw refused(`A script can't call ${JSON.stringify(name.slice(0, 80))}`);
  let args: unknown;
  try {
    args = JSON.parse(json);
  } catch {
    throw refused(`The arguments of ${name} are not JSON`);
  }
  if (!Array.isArray(args) || args.length > known.args.length || args.length < known.required) {
    throw refused(`${name} was called with the wrong number of arguments`);
  }
  for (const [index, value] of args.entries()) {
    const place = `argument ${index + 1} of ${name}`;
    const fault = known.args[index]!(value, place) ?? notTooDeep(value, place);
    if (fault !== undefined) throw refused(`${fault[0]!.toUpperCase()}${fault.slice(1)}`);
  }
  return args as unknown[];
}

function refused(message: string): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint: "Use what the module wilco exports." });
}
