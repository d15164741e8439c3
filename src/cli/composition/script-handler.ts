/** Runs one script of the server in the sandbox of this worker, with the script's own token and nothing of the worker's. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createApi } from "../../client/api.ts";
import type { Dispatch } from "../../client/dispatch.ts";
import { createNodePort } from "../../client/node-port.ts";
import type { ClientPort } from "../../client/port.ts";
import { createTransport } from "../../client/transport.ts";
import { isScriptPath, type ScriptEnd, type ScriptFailure, type ScriptParameters } from "../../domain/script.ts";
import { OperationError, type Handler, type OperationContext } from "../../resource-types/sdk.ts";
import type { RunOutcome } from "../../sandbox/outcome.ts";
import type { RunOptions } from "../../sandbox/session.ts";
import { EXIT } from "../exit-codes.ts";
import { allowedEnvironment } from "../permission-flags.ts";
import { describeRunning } from "../run-report.ts";
import { exitCodeOfScript } from "../script-exit.ts";
import { grantPermissions, type ScriptCeiling } from "./script-ceiling.ts";

export interface ScriptHandlerOptions {
  /** Of the server. */
  url: string;
  /** Replaces the network for a server in this process. */
  dispatch?: Dispatch | undefined;
  /** Where stripped TypeScript is kept. */
  cacheDirectory: string;
  /** What scripts may be allowed on this worker at most. */
  ceiling: ScriptCeiling;
  /** Of this process. */
  env: Readonly<Record<string, string | undefined>>;
}

/** A script outlives its server for this long, ms: as long as its lease may be silent before it counts as lost. */
const PATIENCE = 300_000;
/** After its grace, for the canceling of what it started. Together they end before the worker gives the handler up. */
const LAST_WORDS = 5_000;
/** Errors and running entries told in the end of an entry, and characters of each stack and message. */
const TOLD = 20;
const MAX_STACK = 2_000;
const MAX_MESSAGE = 1_000;

export function createScriptHandler(options: ScriptHandlerOptions): Handler {
  return async (context) => {
    // The schema of the type has checked them.
    const asked = context.parameters as unknown as ScriptParameters;
    const permissions = grantPermissions(asked.permissions, options.ceiling);
    const token = context.resource.connection["token"] as string;
    const transport = createTransport({ url: options.url, token, dispatch: options.dispatch, retryTime: PATIENCE });
    const api = createApi(transport);
    const disarm = afterAbort(context.signal, asked.grace + LAST_WORDS, () => transport.close());
    try {
      await writeFiles(context.tempDir, (await api.script(context.entry)).files);
      const port = createNodePort({ api, requireWorker: asked.requireWorker ?? undefined });
      const filed = { count: 0 };
      const outcome = await runInSandbox(context, asked, options, {
        root: context.tempDir,
        file: asked.file,
        args: asked.args,
        permissions,
        env: allowedEnvironment(options.env, permissions.env),
        port: counting(port, filed),
        lookup: port.lookup,
        mask: port.mask,
      });
      return endOf(outcome, filed.count, port.mask);
    } finally {
      disarm();
      transport.close();
    }
  };
}

async function runInSandbox(
  { signal, output, log }: OperationContext,
  { limits, grace, onError }: ScriptParameters,
  { cacheDirectory }: ScriptHandlerOptions,
  { mask, ...what }: Omit<RunOptions, "console"> & { mask: (text: string) => string },
): Promise<RunOutcome> {
  // A worker that runs no script does not load the engine.
  const { createSession } = await import("../../sandbox/session.ts");
  const session = createSession({ cacheDirectory, limits });
  try {
    return await session.run({
      ...what,
      console: (stream, text) => output(mask(text), stream),
      signal,
      grace,
      onError,
      // What a canceled script started goes on unless it was asked for otherwise; nobody is left to wait for it.
      onInterrupt: onError === "cancel" ? "cancel" : "leave",
      onRunning: (running, then) =>
        void output(`${describeRunning(running, then, (command) => `wilco ${command}`)}\n`, "stderr"),
      onFault: (error) => log.error({ err: error }, "the sandbox failed"),
    });
  } finally {
    await session.stop();
  }
}

async function writeFiles(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    // The server has refused such paths; what is written on this machine is this machine's to check.
    if (!isScriptPath(path))
      throw new OperationError({ code: "script_invalid", message: `${path} is no script's path` });
    await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(root, path), text, { mode: 0o600 });
  }
}

/** Counts what the script files. */
function counting(port: ClientPort, filed: { count: number }): ClientPort {
  const count = <T>(value: T): T => {
    filed.count += 1;
    return value;
  };
  return {
    ...port,
    submit: async (call) => count(await port.submit(call)),
    retry: async (id) => count(await port.retry(id)),
  };
}

/** The result of a script that succeeded. @throws OperationError for every other. */
function endOf(
  outcome: RunOutcome,
  filed: number,
  mask: (text: string) => string,
): Pick<ScriptEnd, "kind" | "exit" | "running"> {
  const { kind } = outcome;
  const exit = exitCodeOfScript(outcome, { filed, interrupted: EXIT.failed });
  const running = outcome.running.slice(0, TOLD);
  if (exit === EXIT.succeeded && kind !== "interrupted") return { kind, exit, running };
  const failures = [...(outcome.error ? [outcome.error] : []), ...outcome.unobservedFailures];
  const errors = failures.slice(0, TOLD).map((failure): ScriptFailure => {
    const { name, code, message, hint, stack, entry } = failure;
    return {
      name,
      code,
      message: mask(message).slice(0, MAX_MESSAGE),
      ...(hint === undefined || hint === "" ? {} : { hint: mask(hint).slice(0, MAX_MESSAGE) }),
      stack: mask(stack).slice(0, MAX_STACK),
      ...(entry === undefined ? {} : { entry }),
    };
  });
  const [first] = errors;
  const end: ScriptEnd = { kind, exit, errors, running };
  throw new OperationError({
    code: first?.code ?? (kind === "exit" ? "exit_code" : "script_failed"),
    message: messageOfEnd(end),
    hint: first?.hint,
    details: end as unknown as NonNullable<ConstructorParameters<typeof OperationError>[0]["details"]>,
    source: first?.code === "internal" ? "system" : "operation",
  });
}

function messageOfEnd({ kind, exit, errors: [first, ...others] }: ScriptEnd): string {
  if (kind === "exit") return `The script ended with exit(${exit})`;
  if (!first) return "The script was interrupted";
  const named = first.code === "script_failed" && first.name !== "Error" ? `${first.name}: ` : "";
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${named}${first.message}${kind === "completed" ? " (nobody looked at its result)" : ""}${more}`;
}

/** Calls `act` so long after the abort. */
function afterAbort(signal: AbortSignal, delay: number, act: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    timer = setTimeout(act, delay);
  };
  if (signal.aborted) arm();
  else signal.addEventListener("abort", arm, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", arm);
  };
}
