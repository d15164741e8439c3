/** A retry of a request: a new one for the targets that did not succeed, with the same parameters and the same window. */
import { WilcoError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import type { Entry } from "../domain/entry.ts";
import { openParameters } from "../inventory/parameter-secrets.ts";
import type { RequestSubmission } from "../protocol/messages.ts";
import type { Context } from "./context.ts";

interface TaskRow {
  id: number;
  resource: number | null;
  resource_name: string;
  resource_type: string;
  parameters: string;
  sealed: string | null;
}

export interface RequestRetry {
  submission: RequestSubmission;
  /** The task that each resource's new one repeats, by resource id. */
  retryTasks: ReadonlyMap<number, number>;
  /** Values of the secret store that the old tasks had used. */
  used: readonly string[];
}

/** @throws WilcoError `conflict` when every target succeeded, or one does not exist any more. */
export async function retryOfRequest({ database, secrets }: Context, old: Entry): Promise<RequestRetry> {
  const [request] = await database.query<{
    asked: string;
    tasks: number;
    min_success: number;
    succeeded: number;
  }>("SELECT asked, tasks, min_success, succeeded FROM request WHERE entry = $1", [old.id]);
  const tasks = await database.query<TaskRow>(
    `SELECT id, resource, resource_name, resource_type, parameters, sealed FROM entry
     WHERE parent = $1 AND status <> 'succeeded' ORDER BY id`,
    [old.id],
  );
  if (request && tasks.length < request.tasks - request.succeeded) {
    throw conflict(old, "Tasks of the request are being deleted with old history", "Submit it again.");
  }
  if (!request || tasks.length === 0) {
    throw conflict(old, "All targets of the request have succeeded", "There is nothing to retry: submit it again.");
  }
  const gone = tasks.filter((task) => task.resource === null).map((task) => task.resource_name);
  if (gone.length > 0) {
    const message = `${gone.slice(0, 5).join(", ")} of request ${old.id} ${gone.length === 1 ? "does" : "do"} not exist any more`;
    throw conflict(old, message, "Retry the tasks of the other targets one by one.");
  }
  const parametersByType: Record<string, JsonObject> = {};
  const used = new Set<string>();
  for (const task of tasks) {
    if (Object.hasOwn(parametersByType, task.resource_type)) continue;
    const opened = openParameters(task.parameters, task.sealed, secrets.sealer);
    parametersByType[task.resource_type] = opened.parameters;
    for (const value of opened.used) used.add(value);
  }
  const missing = request.min_success - request.succeeded;
  const submission: RequestSubmission = {
    ...(JSON.parse(request.asked) as Partial<RequestSubmission>),
    targets: { resources: tasks.map((task) => task.resource!) },
    operation: old.operation!,
    parametersByType,
    // Together with those that succeeded before, as many as were asked for; one, where those were enough already.
    minSuccess: Math.max(1, missing),
    ...(old.note === null ? {} : { note: old.note }),
  };
  return { submission, retryTasks: new Map(tasks.map((task) => [task.resource!, task.id])), used: [...used] };
}

function conflict({ id }: Entry, message: string, hint: string): WilcoError {
  return new WilcoError({ code: "conflict", message, hint, details: { entry: id } });
}
