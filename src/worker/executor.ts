/**
 * Carries out one assignment, as a pipeline of small steps: resolve, validate, open, perform, clean up, normalise.
 * Knows nothing of queues and servers: it is given an assignment and says how it ended.
 */
import { formatDuration } from "../core/durations.ts";
import { messageOf } from "../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import { createMasker, type Masker } from "../core/masking.ts";
import { CREATE_CHILD } from "../domain/capabilities.ts";
import type { EntryError } from "../domain/entry.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import type { Assignment } from "../domain/worker.ts";
import { createExecPool, type ExecPool } from "../resource-types/exec.ts";
import type { Guard } from "../resource-types/guard.ts";
import type { Log } from "../resource-types/log.ts";
import type { OperationContext } from "../resource-types/sdk.ts";
import type { Contents } from "./contents.ts";
import { verifyConfigurations } from "./configuration.ts";
import type { Control } from "./control.ts";
import { maskOutput, type MaskedOutput } from "./masked-output.ts";
import { HandlerKilled } from "./handlers/process-end.ts";
import { entryError, normaliseError, normaliseResult, systemError } from "./outcome.ts";
import type { OutputLog } from "./output-log.ts";
import { type Performed, perform } from "./perform.ts";
import type { Resolve, Resolved } from "./resolve.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

/** null = the lease is not ours any more: nothing is to be said. */
export type Ended =
  | { status: "succeeded"; result: Json; size: number }
  | { status: "failed" | "timed_out" | "canceled"; error: EntryError }
  /** Handed back: the operation may be repeated, and the worker stops. */
  | { status: "released" }
  | null;

export interface Execution {
  assignment: Assignment;
  control: Control;
  output: Pick<OutputLog, "write" | "progress">;
  /** ms from now until its time is up. */
  remaining: number;
}

export interface ExecutorOptions {
  resolve: Resolve;
  schemas: SchemaValidator;
  tempRoot: string;
  typeDirectory: (type: string) => string;
  contents: Contents;
  /** ms between the polite signal to a command and SIGKILL. */
  killGrace: number;
  /** Ends commands when the worker is killed. Default: none does. */
  guard?: Guard;
  log: Log;
}

export type Execute = (execution: Execution) => Promise<Ended>;

export function createExecutor(options: ExecutorOptions): Execute {
  const resolve = verifyConfigurations(options.resolve, options.schemas);
  return async (given) => {
    const { assignment, control } = given;
    const masker = createMasker(assignment.secrets);
    const output = maskOutput(given.output, masker);
    const execution = { ...given, output };
    let prepared: { resolved: Resolved; parameters: JsonObject };
    try {
      const resolved = resolve(assignment);
      prepared = { resolved, parameters: validate(resolved, assignment, options.schemas) };
    } catch (error) {
      return masked(endUnstarted(control, systemError(error)), masker);
    }
    const workspace = createWorkspace(options.tempRoot, assignment);
    const pool = openPool(execution, workspace, options);
    const context = openContext(execution, prepared.parameters, workspace, pool, options);
    const performed = await perform(prepared.resolved.handler, context, {
      control,
      remaining: execution.remaining,
      killGrace: options.killGrace,
    });
    await cleanUp(pool, workspace, context, performed);
    await output.end();
    return masked(endOf(performed, execution), masker, assignment);
  };
}

/** Nothing leaves the worker with a secret in it: neither what succeeded nor why something failed. */
function masked(ended: Ended, masker: Masker, assignment?: Assignment): Ended {
  if (masker.idle || ended === null || ended.status === "released") return ended;
  if (ended.status === "succeeded") return { ...ended, result: maskedResult(ended.result, masker, assignment) };
  // The code is a word of the type's author that programs compare; the rest may repeat what a command printed.
  const { code, source, ...told } = ended.error;
  return { ...ended, error: { ...masker.value(told), code, source } };
}

/**
 * What a first update made of the live configuration, and the connection of a child, are for the server alone, which
 * takes them out of the result and seals what is secret in them.
 */
function maskedResult(result: Json, masker: Masker, assignment?: Assignment): Json {
  const kept = assignment?.configuration?.patch
    ? "configuration"
    : assignment?.operation === CREATE_CHILD
      ? "connection"
      : null;
  const value = kept !== null && isJsonObject(result) ? result[kept] : undefined;
  return kept === null || value === undefined
    ? masker.value(result)
    : { ...(masker.value(result) as JsonObject), [kept]: value };
}

/** Checked by the server when it was filed, and again here: this worker's version of the type may be another. */
function validate({ parameters: schema }: Resolved, { parameters }: Assignment, schemas: SchemaValidator): JsonObject {
  return schema === null ? parameters : schemas.parse(schema, parameters);
}

type Masked = Omit<Execution, "output"> & { output: MaskedOutput };

function openPool(
  { assignment, control, output }: Masked,
  workspace: Workspace,
  { killGrace, guard }: ExecutorOptions,
): ExecPool {
  return createExecPool({
    signal: control.signal,
    tempDir: () => workspace.path(),
    output: (data, stream) => output.write(data, stream),
    killGrace,
    ...(guard && { guard }),
    environment: { WILCO_ENTRY: String(assignment.entry), WILCO_ATTEMPT: String(assignment.attempt) },
  });
}

function openContext(
  { assignment, control, output, remaining }: Masked,
  parameters: JsonObject,
  workspace: Workspace,
  pool: ExecPool,
  { typeDirectory, contents, log }: ExecutorOptions,
): OperationContext {
  const { entry, attempt, operation, resource, root } = assignment;
  let childLog: Log | undefined;
  return {
    entry,
    attempt,
    operation,
    parameters,
    resource,
    signal: control.signal,
    deadline: Date.now() + Math.round(remaining),
    get tempDir() {
      return workspace.path();
    },
    get state() {
      return typeDirectory(resource.type);
    },
    get log() {
      childLog ??= log.child({ entry, attempt, root, resource: resource.name, operation });
      return childLog;
    },
    output: (data, stream = "stdout") => output.write(data, stream),
    progress(done, total = null, text = null) {
      const number = (value: number | null) => (Number.isFinite(value) ? value : null);
      output.progress({ done: number(done) ?? 0, total: number(total), text: text?.slice(0, 500) ?? null });
    },
    content: (parameter) =>
      contents.provide(parameter, { entry, attempt, directory: workspace.path(), signal: control.signal }),
    exec: pool.exec,
  };
}

async function cleanUp(
  pool: ExecPool,
  workspace: Workspace,
  context: OperationContext,
  performed: Performed,
): Promise<void> {
  try {
    await pool.killAll();
    await workspace.remove();
  } catch (error) {
    // The work is done and its outcome stands; the next start of the worker removes the directory.
    context.log.warn({ error: messageOf(error) }, "the temporary directory could not be removed");
  }
  if (performed.kind === "abandoned")
    context.log.error({}, "the handler does not return after its abort; it is left behind");
}

/** Nothing has run yet: an abort that came meanwhile says more than what was wrong with the assignment. */
function endUnstarted({ why }: Control, error: EntryError): Ended {
  if (why === "lost") return null;
  if (why === "cancel") return { status: "canceled", error: canceledError() };
  if (why === "stop") return { status: "released" };
  return { status: "failed", error };
}

function endOf(performed: Performed, { assignment, control }: Pick<Execution, "assignment" | "control">): Ended {
  const left = leftBehind(performed);
  switch (control.why) {
    case "lost":
      return null;
    case "deadline": {
      const message = `${assignment.operation} did not end within ${formatDuration(assignment.timeout ?? assignment.deadlineIn)}.${left}`;
      return {
        status: "timed_out",
        error: entryError("timeout", message, "operation", { hint: "Give it more time with the option timeout." }),
      };
    }
    // What succeeded all the same has succeeded, even though somebody asked to cancel it.
    case "cancel":
      if (performed.kind === "returned") break;
      return { status: "canceled", error: canceledError(left) };
    case "stop":
      if (performed.kind === "returned") break;
      if (performed.kind === "skipped" || assignment.onLost === "requeue") return { status: "released" };
      return {
        status: "failed",
        error: entryError(
          "worker_stopped",
          `The worker was stopped while ${assignment.operation} ran.${left}`,
          "system",
          {
            hint: "It may have done a part of its work: check the resource before repeating it.",
          },
        ),
      };
    case null:
      break;
  }
  if (performed.kind !== "returned") {
    return {
      status: "failed",
      error: performed.kind === "threw" ? normaliseError(performed.error) : canceledError(left),
    };
  }
  const normalised = normaliseResult(performed.value);
  return "error" in normalised ? { status: "failed", error: normalised.error } : { status: "succeeded", ...normalised };
}

function leftBehind(performed: Performed): string {
  if (performed.kind === "abandoned") return " Its handler did not return and was left behind.";
  const killed = performed.kind === "threw" && performed.error instanceof HandlerKilled;
  return killed ? " Its handler ignored that, and its process was killed." : "";
}

function canceledError(left = ""): EntryError {
  return entryError("canceled", `It was canceled.${left}`, "operation");
}
