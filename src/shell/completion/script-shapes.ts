/** The script API as completion knows it: what its names are, and what stands after their dots. */
import type { JsonSchema } from "../../core/json.ts";
import * as takes from "./call-schemas.ts";
import { ANY_RESOURCE, entries, ENTRY, promised, resourcesOf, type CallShape, type Shape } from "./shapes.ts";

type Members = Readonly<Record<string, Shape | undefined>>;

function call(signature: string, about: string, args: CallShape["args"] = [], returns?: Shape): Shape {
  return { kind: "call", call: { name: /^\w+/.exec(signature)![0], signature, about, args, returns } };
}

const TEXT: Shape = { kind: "text" };
const members = (...names: string[]): Shape => ({ kind: "members", members: names });
const CONSOLE =
  "log info debug warn error trace dir table assert group groupEnd count countReset time timeLog timeEnd".split(" ");

/** The names of the module "wilco", which are the shell's globals. */
export const SCRIPT_GLOBALS: Members = {
  resource: call("resource(nameOrId)", "The resource of that name or id.", [takes.RESOURCE_NAME], ANY_RESOURCE),
  resources: call(
    "resources(selector?)",
    'The resources that a selector ("web-*,tier=web") or a query ({ type: "process" }) selects; all without one.',
    [takes.SELECTOR],
    resourcesOf([]),
  ),
  group: call(
    "group(name)",
    "A group, whose operations are one request with a task for each member.",
    [takes.GROUP_NAME],
    members("members", "name", "operations", "with"),
  ),
  history: { kind: "history" },
  args: { kind: "list", of: TEXT, more: ["parse"] },
  env: members(),
  console: members(...CONSOLE),
  log: call("log(...values)", "Prints a note for the person who watches, on stderr.", []),
  sleep: call(
    "sleep(duration)",
    'Waits: "500ms", "2s".',
    [{ type: "string", examples: ["500ms", "2s"] }],
    promised(undefined),
  ),
  table: call("table(rows, columns?)", "Prints objects as a table."),
  chart: call("chart(numbers)", "A sparkline of a list of numbers."),
  assert: call("assert(condition, message?)", "Throws AssertionFailed unless the condition holds."),
  exit: call("exit(code?)", "Ends the script: 0, or 10 to 99."),
  readFile: call("readFile(path, encoding?)", "A file of a folder that --allow-read names.", [], promised(TEXT)),
  fetch: call("fetch(url, options?)", "An answer of a host that --allow-net names.", [], promised(undefined)),
};

/** Also of the module, but few lines begin with one. */
export const SCRIPT_CLASSES: readonly string[] = (
  "AccessFailed AssertionFailed ContentFile ExecutionError Interrupted OperationCanceled OperationFailed OperationLost " +
  "OperationTimedOut PollLimitReached TargetsFailed WilcoError"
).split(" ");

const UPDATED: JsonSchema = {
  type: "object",
  properties: { version: { type: "integer" }, changes: { type: "array" }, verified: { type: "boolean" }, result: {} },
};

/** Besides its operations. What depends on the resource itself is put in by inference. */
export function resourceMembers(self: Shape): Members {
  return {
    waitUntil: call(
      'waitUntil("up" | "down" | predicate, poll?)',
      "Checks it anew until an observation begun after this call is as asked for.",
      [takes.TARGET, takes.POLL],
      promised(ENTRY),
    ),
    refresh: call("refresh()", "Reads its data anew, in place.", [], self),
    children: call("children()", "The resources inside it.", [], resourcesOf([])),
    child: call("child(name)", "The resource of that name inside it.", [takes.RESOURCE_NAME], ANY_RESOURCE),
    with: call("with(options)", "The same resource with other defaults for its calls.", [takes.DEFAULTS], self),
    history: call("history(query?)", "Its audit entries, newest first.", [takes.HISTORY_OF_ONE], promised(entries())),
    availabilityHistory: call(
      "availabilityHistory(query?)",
      "The changes of its availability, and its share of time up.",
      [takes.AVAILABILITY_HISTORY],
    ),
    metricsHistory: call("metricsHistory(query?)", "Its metrics as they were kept, each with a chart().", [
      takes.METRICS_HISTORY,
    ]),
    deployments: call(
      "deployments({ limit }?)",
      "What was deployed to it, the newest version first.",
      [takes.DEPLOYMENTS],
      promised(undefined),
    ),
    rollback: call(
      "rollback({ to }?)",
      "Deploys an older version anew: by default the one before the current.",
      [takes.ROLLBACK],
      { kind: "execution", result: {} },
    ),
    configuration: { kind: "configuration", types: self.kind === "resource" ? self.types : [] },
    operations: { kind: "operations", types: self.kind === "resource" ? self.types : [] },
    id: undefined,
    name: TEXT,
    type: TEXT,
    zone: TEXT,
    worker: TEXT,
    labels: members(),
    parent: TEXT,
    availability: TEXT,
  };
}

/** Of a resource's `configuration`. @param settings the schema of its type, {} where the type is not known. */
export function configurationMembers(settings: JsonSchema): Members {
  const updated: Shape = { kind: "execution", result: UPDATED };
  return {
    get: call("get(options?)", "What it has now, and what is known.", [takes.OPTIONS], promised(undefined)),
    known: call("known(version?)", "What is known, without asking the resource.", [takes.VERSION], promised(undefined)),
    update: call(
      "update(patch, options?)",
      "Merges the patch into what is known, applies it and reads it back; null removes a key.",
      [settings, takes.UPDATE_OPTIONS],
      updated,
    ),
    replace: call(
      "replace(whole, options?)",
      "The same with the whole new one.",
      [settings, takes.UPDATE_OPTIONS],
      updated,
    ),
    rollback: call(
      "rollback(version, options?)",
      "A new version with the content of an old one.",
      [takes.VERSION, takes.UPDATE_OPTIONS],
      updated,
    ),
    history: call("history(limit?)", "Its versions, the newest first.", [takes.COUNT], promised(undefined)),
    diff: call(
      "diff(from, to?)",
      "What differs between two versions.",
      [takes.VERSION, takes.VERSION],
      promised(undefined),
    ),
    drift: call("drift(options?)", "What it has against what is known.", [takes.OPTIONS], promised(undefined)),
  };
}

const cancel = call("cancel({ force, reason }?)", "Asks the server to cancel it.", [takes.CANCEL], promised(ENTRY));
const output = call("output({ stream }?)", "Its lines, from the first, live or after the fact; for await.", [
  takes.OUTPUT,
]);
const events = call("events()", "Every audit event, from the first; for await.");

export function executionMembers(self: Shape): Members {
  return {
    outcome: call("outcome(poll?)", "Its entry when it ended, whatever the status.", [takes.POLL], promised(ENTRY)),
    cancel,
    output,
    events,
    retry: call("retry()", "Files the same call anew.", [], self),
    detach: call("detach()", "Lets go of it: its failure fails nothing.", [], promised(ENTRY)),
    submitted: promised(ENTRY),
    id: undefined,
    status: TEXT,
    subject: TEXT,
    location: TEXT,
  };
}

export const HANDLE_MEMBERS: Members = {
  wait: call("wait(poll?)", "The entry when it ended.", [takes.POLL], promised(ENTRY)),
  cancel,
  retry: call("retry()", "Files the same call anew; the new entry.", [], promised(ENTRY)),
  output,
  events,
  id: undefined,
};

export const HISTORY_MEMBERS: Members = {
  find: call("find(query?)", "Entries, newest first.", [takes.HISTORY], promised(entries())),
  get: call("get(id)", "The entry: await reads it, its methods cancel, retry, wait.", [], { kind: "handle" }),
  tree: call("tree(id | entry)", "What it belongs to in the end, with all tasks, calls and retries."),
  wait: call(
    "wait(id | entry | execution, poll?)",
    "The entry when it ended, whatever the status.",
    [null, takes.POLL],
    promised(ENTRY),
  ),
};

export const ENTRY_MEMBERS: readonly string[] = (
  "id kind status resource operation parameters result error requestedBy automatic note route priority exclusive parent retryOf " +
  "after worker attempt progress timeout warning createdAt deliverAt queuedAt startedAt finishedAt workerSeenAt " +
  "lastEvent targets tasks"
).split(" ");

/** Of lists besides what every array has. */
export const LIST_MEMBERS: Members = {
  batches: call("batches(size)", 'The same resources in lists of that size: 10, or "25%".', [takes.BATCH]),
  chart: call("chart(subject?)", "A chart of these entries: how many of each status.", [takes.SUBJECT]),
  parse: call("parse({ name: kind })", "The script's arguments, typed."),
};
