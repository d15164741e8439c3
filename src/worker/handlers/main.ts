/**
 * A process that runs handlers of types written in TypeScript, one execution at a time, and loads a type's file when it
 * is first asked for. Started by handler-process.ts; ends when its worker does.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { pathToFileURL } from "node:url";
import { messageOf } from "../../core/errors.ts";
import { OperationError } from "../../resource-types/operation-error.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import { entryError, normaliseError, normaliseResult } from "../outcome.ts";
import { type Described, endMark, type FromProcess, type ToProcess } from "./messages.ts";
import { openRun, type Run } from "./run.ts";
import { importTypes, resolveOwnLibrary } from "./type-files.ts";

const [library, token] = process.argv.slice(2) as [string, string];
const home = process.cwd();
const runs = new AsyncLocalStorage<Run>();
const files = new Map<string, Promise<ResourceTypeDefinition[]>>();
let current: Run | null = null;
/** As they are before a handler may put something else in their place. */
const print = [process.stdout, process.stderr].map((stream) => stream.write.bind(stream));

const send = (message: FromProcess) => {
  // Without a worker there is nobody to tell, and "disconnect" ends this process.
  if (process.connected) process.send!(message);
};

resolveOwnLibrary(library);
process.on("message", (message: ToProcess) => receive(message));
process.on("disconnect", () => process.exit());
process.on("uncaughtException", (error: unknown) => {
  const run = runs.getStore();
  // Node says that nothing can be relied on in a process after this: it counts as something left behind.
  if (run && run === current) return end(run, { error: thrownAside(error) }, ["an uncaught error"]);
  stray("threw", run, error);
});
process.on("unhandledRejection", (reason: unknown) => stray("rejected", runs.getStore(), reason));
send({ type: "ready" });

function receive(message: ToProcess): void {
  switch (message.type) {
    case "describe":
      return void describe(message.files);
    case "run":
      return void perform(message);
    case "abort":
      if (current?.id === message.run) current.abort(message.why, message.message);
      return;
    case "answer":
      if (current?.id === message.run) current.answer(message);
  }
}

async function describe(paths: string[]): Promise<void> {
  for (const path of paths) {
    const file = await describeOne(path);
    // Before the next one is loaded, which may block.
    await new Promise((sent) => process.send!({ type: "described", file } satisfies FromProcess, sent));
  }
}

async function describeOne(file: string): Promise<Described> {
  try {
    const types = await importTypes(file);
    return { file, types: types.map(({ descriptor, inProcess }) => ({ descriptor, inProcess: inProcess === true })) };
  } catch (error) {
    return { file, error: withLine(file, error) };
  }
}

/** "… (line 3)" where the stack names the file; Node keeps the place of JavaScript's own syntax errors to itself. */
function withLine(file: string, error: unknown): string {
  const stack = error instanceof Error ? String(error.stack) : "";
  for (const name of [pathToFileURL(file).href, file]) {
    const at = stack.indexOf(`${name}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + name.length + 1))?.[0];
    if (line !== undefined) return `${messageOf(error).replace(/\.$/, "")} (line ${line})`;
  }
  return messageOf(error);
}

async function perform({ run: id, call }: ToProcess & { type: "run" }): Promise<void> {
  // A handler before this one may have gone elsewhere.
  if (process.cwd() !== home) process.chdir(home);
  const run = openRun(id, call, send);
  current = run;
  try {
    const handler = await handlerOf(call.file, call.type, call.operation);
    run.before = resources();
    const value: unknown = await runs.run(run, async () => handler(run.context));
    end(run, normaliseResult(value));
  } catch (error) {
    end(run, { error: normaliseError(error) });
  }
}

async function handlerOf(file: string, type: string, operation: string) {
  let loading = files.get(file);
  if (!loading) {
    loading = importTypes(file);
    files.set(file, loading);
  }
  const types = await loading.catch((error: unknown) => {
    throw unloaded(`${file} does not load any more: ${withLine(file, error)}`);
  });
  const handler = types.find(({ descriptor }) => descriptor.name === type)?.handlers[operation];
  if (handler) return handler;
  throw unloaded(`${file} has no ${type}.${operation} any more`);
}

/** The file was changed since the worker loaded it, which this process did not. Nothing of the work was done. */
function unloaded(message: string): OperationError {
  const hint = "Mend the file, let the worker load it (wilco workers reload), and retry the entry.";
  return new OperationError({ code: "handler_not_loaded", message, hint, source: "system" });
}

/** The first end of a run counts; a handler that goes on afterwards is ended with its process. */
function end(run: Run, outcome: (FromProcess & { type: "done" })["outcome"], spoiled: string[] = []): void {
  if (run !== current) return;
  current = null;
  // What is on its way within this turn (a file being closed, say) is nothing left behind.
  setImmediate(() => {
    for (const write of print) write(endMark(token, run.id));
    const leftovers = [...spoiled, ...leftBehind(run.before, resources())];
    send({ type: "done", run: run.id, outcome, leftovers, memory: process.memoryUsage.rss() });
  });
}

/** What keeps the event loop alive, counted by kind. */
function resources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

function leftBehind(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] {
  return [...after].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
}

function thrownAside(error: unknown) {
  const { message } = normaliseError(error);
  return entryError(
    "handler_threw",
    `It threw outside of its promise, in a timer or callback: ${message}`,
    "operation",
    {
      hint: "Await what the handler starts, or catch errors where they are thrown.",
    },
  );
}

function stray(what: "threw" | "rejected", run: Run | undefined, error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  send({ type: "stray", entry: run?.context.entry ?? null, what, message: normaliseError(error).message, stack });
}
