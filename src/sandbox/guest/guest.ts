/** The guest: what the host's messages do inside the VM, and how a script starts and ends. */
import type { PollPolicy } from "../../domain/poll-policy.ts";
import {
  createExecutionTracker,
  type ExecutionTracker,
  goesOn,
  type SettledExecution,
} from "../../client/execution-tracker.ts";
import { createScriptApi, type ScriptApi } from "../../client/script-api.ts";
import { createAccess, type Access } from "./access.ts";
import { createArguments, type ScriptArguments } from "./args.ts";
import { createChannel, type Channel, type HostFunctions } from "./channel.ts";
import { createConsole, createLog, type Print, type ScriptConsole } from "./console.ts";
import { describeError } from "./describe.ts";
import { createEnvironment } from "./environment.ts";
import { installGlobals } from "./globals.ts";
import type { Interactive } from "./interactive.ts";
import { createGuestLookup, createGuestPort } from "./port.ts";
import { unpackPolicy, type EndMessage, type ScriptError, type StartMessage } from "./wire.ts";

/** Everything that the module "wilco" is made of. */
export interface GuestContext {
  channel: Channel;
  api: ScriptApi<"direct">;
  args: ScriptArguments;
  env: Readonly<Record<string, string | undefined>>;
  access: Access;
  console: ScriptConsole;
  log: ReturnType<typeof createLog>;
  end: (message: EndMessage) => void;
}

export interface Guest {
  /** @throws Error before the script was started. */
  context(): GuestContext;
  /** The script is compiled, and its first line is due. */
  started(): void;
}

export function createGuest(host: HostFunctions): Guest {
  const channel = createChannel(host);
  const begin = Date.now();
  const now = (): number => Date.now() - begin;
  const print: Print = (stream, text) => channel.tell("print", { stream, text });
  const console = createConsole({ print, now });
  const access = createAccess(channel);
  const tracker = createExecutionTracker();
  /** The host must know too: it looks after what still runs when the script can't any more. */
  const told: ExecutionTracker = {
    ...tracker,
    detached(execution) {
      tracker.detached(execution);
      // A refused call has nothing to be detached from; its error is its caller's.
      execution.submitted.then(({ id }) => channel.tell("detached", id)).catch(() => {});
    },
  };
  let context: GuestContext | undefined;
  let pollDefaults: Partial<PollPolicy> = {};
  let started = false;
  let interrupted = false;
  /** "running" until the main module is done, then its executions are waited for. */
  let phase: "running" | "main done" | "settling" | "ended" = "running";

  const end = (message: EndMessage): void => {
    if (phase === "ended") return;
    phase = "ended";
    try {
      channel.tell("end", message);
    } catch {
      channel.tell("end", null); // A toJSON of the script's own throws for everything else: the host says so.
    }
  };
  const threw = (error: ScriptError): void => end({ kind: "threw", error, started });
  /** Of a session that is typed line by line; it gets the host's messages first. */
  let interactive: Interactive | undefined;
  const uncaught = (error: unknown): void => (interactive ? interactive.uncaught(error) : threw(describeError(error)));

  function start(message: StartMessage): void {
    const { entry, args, env, allowedEnv, requireWorker } = message;
    pollDefaults = unpackPolicy(message.pollDefaults);
    const port = createGuestPort({
      channel,
      pollDefaults: () => pollDefaults,
      requireWorker: requireWorker ?? undefined,
    });
    context = {
      channel,
      api: createScriptApi<"direct">({ port, lookup: createGuestLookup(channel), tracker: told }),
      args: createArguments(args),
      env: createEnvironment(env, allowedEnv),
      access,
      console,
      log: createLog(print),
      end,
    };
    if (entry === null) return startInteractive();
    import(`script:${entry}`).then(
      () => {
        if (phase === "running") phase = "main done";
      },
      (error: unknown) => uncaught(error),
    );
  }

  function startInteractive(): void {
    // Loaded here only: scripts have no use for it, and it would cost each of them its start.
    Promise.all([import("./interactive.ts"), import("./api.ts")]).then(([{ createInteractive }, api]) => {
      interactive = createInteractive({ channel, api, setPollDefaults: (policy) => (pollDefaults = policy) });
    }, uncaught);
  }

  /** Nothing more can happen by itself: the script is over, or waits for what never comes. */
  function idle(): void {
    if (phase === "running") threw(neverSettles());
    if (phase !== "main done") return;
    phase = "settling";
    // After an interrupt nobody waits any more: what goes on is no failure, and the host tells of it.
    const failed = ({ execution, error }: SettledExecution) =>
      error !== undefined && !(interrupted && goesOn(execution));
    tracker
      .settle(() => !interrupted)
      .then((settled) => {
        end({ kind: "completed", unobservedFailures: settled.filter(failed).map(failureOf) });
      }, uncaught);
  }

  installGlobals(globalThis, { channel, console, now, uncaught, fetch: access.fetch });
  host.register((kind, argument) => {
    if (interactive?.receive(kind, argument)) return;
    switch (kind) {
      case "start":
        return start(JSON.parse(argument as string) as StartMessage);
      case "settle":
        return channel.settle(argument as string);
      case "interrupt":
        interrupted = true;
        return channel.interrupt();
      case "idle":
        return idle();
      case "rejection":
        return threw(unheard(argument));
      default:
        throw new TypeError(`The guest knows no ${kind}`);
    }
  });

  return {
    context() {
      if (!context) throw new Error("The script was not started");
      return context;
    },
    started() {
      started = true;
    },
  };
}

function failureOf({ execution, error }: SettledExecution): ScriptError {
  const described = describeError(error);
  return { ...described, entry: described.entry ?? execution.id } as ScriptError;
}

function unheard(reason: unknown): ScriptError {
  const error = describeError(reason);
  return { ...error, hint: error.hint ?? "Nobody awaited the promise that failed: await it, or catch its error." };
}

function neverSettles(): ScriptError {
  const message = "The script awaits a promise that nothing can settle any more";
  return {
    name: "Error",
    code: "script_failed",
    message,
    hint: "Look for a promise whose resolve is never called.",
    stack: `Error: ${message}`,
  };
}
