/** One VM of an interactive session: its thread, its bridge, and what goes between. It lives until it is given up. */
import { MessageChannel, type Worker } from "node:worker_threads";
import type { ClientPort, LookupPort } from "../client/port.ts";
import { createBridge } from "./bridge.ts";
import { createConsoleWriter, type ConsoleSink } from "./console-writer.ts";
import { createControl, openControl } from "./control.ts";
import { isTold, type Told } from "./guest-messages.ts";
import { packPolicy } from "./guest/wire.ts";
import type { FromInteractive, ToInteractive } from "./interactive-messages.ts";
import type { SandboxLimits, ThreadData } from "./messages.ts";
import type { Permissions } from "./permissions.ts";
import { startThread } from "./start-thread.ts";
import { createWatchdog } from "./watchdog.ts";

/** What the session itself has to know of; posts, look-ups and prints are dealt with here. */
export type VmMessage = Exclude<FromInteractive, { type: "posts" | "lookup" }>;

export interface InteractiveVm {
  post(message: ToInteractive): void;
  /** Stops the code that runs, at the engine's next check; "interrupt" must follow. */
  halt(): void;
  /** Resolves when what was printed so far is written. */
  printed(): Promise<void>;
  /** Ends the thread; submits under way are still answered. */
  stop(): Promise<void>;
}

export interface InteractiveVmOptions {
  limits: SandboxLimits;
  cacheDirectory: string | undefined;
  /** One that was started beforehand. */
  thread: Worker | undefined;
  root: string;
  /** What lines may do beyond the wilco API. Default: nothing. */
  permissions?: Permissions | undefined;
  /** Values of the variables that they may read. */
  env?: Record<string, string> | undefined;
  port: ClientPort;
  lookup: LookupPort;
  console: ConsoleSink;
  onFault: (error: unknown) => void;
  onMessage: (message: VmMessage) => void;
  /** What the guest tells the session: method and JSON. */
  onTold: (method: Told, json: string) => void;
}

export function openInteractiveVm(options: InteractiveVmOptions): InteractiveVm {
  const { limits, port, onMessage, onTold } = options;
  const control = openControl(createControl());
  const lookups = new MessageChannel();
  const thread = options.thread ?? startThread();
  const data: ThreadData = {
    control: control.handle,
    lookups: lookups.port2,
    limits,
    cacheDirectory: options.cacheDirectory,
    interactive: true,
  };
  thread.postMessage(data, [lookups.port2]);
  lookups.port1.unref();
  const post = (message: ToInteractive): void => thread.postMessage(message);
  const bridge = createBridge({
    port,
    lookup: options.lookup,
    permissions: options.permissions,
    root: options.root,
    limits,
    settle: (chunks) => post({ type: "settle", chunks }),
    onFault: options.onFault,
  });
  const writer = createConsoleWriter({ sink: options.console, written: control.written });
  const watchdog = createWatchdog({
    control,
    sendInterrupt: () => {},
    // A loop in native code, which the engine's own check never sees.
    onOverdue: () => onMessage({ type: "end", end: { kind: "limit", limit: "cpu" } }),
  });
  let stopped = false;

  thread.on("message", (message: FromInteractive) => {
    if (stopped) return;
    switch (message.type) {
      case "posts":
        for (const item of message.posts) {
          if (item[1] === "print") writer.take(item[2]);
          else if (item[0] === 0 && isTold(item[1])) onTold(item[1], item[2]);
          else bridge.take(item);
        }
        return;
      case "lookup":
        void bridge.lookup(message.method, message.json).then((json) => {
          lookups.port1.postMessage({ number: message.number, json });
          control.wake();
        });
        return;
      default:
        return onMessage(message);
    }
  });
  const failed = (text: string): void => {
    if (!stopped) onMessage({ type: "end", end: { kind: "failed", message: text } });
  };
  thread.on("error", (error) => failed(error.message));
  thread.on("exit", (code) => failed(`its thread ended with ${code}`));
  watchdog.start();
  post({
    type: "open",
    root: options.root,
    start: {
      args: [],
      env: options.env ?? {},
      allowedEnv: options.permissions?.env ?? [],
      pollDefaults: packPolicy(port.pollDefaults),
      requireWorker: port.requireWorker ?? null,
    },
  });

  return {
    post,
    halt() {
      control.stop();
      control.interrupt();
      // What was filed is known when its wait is broken off.
      bridge.flush();
    },
    printed: () => writer.flushed(),
    async stop() {
      stopped = true;
      watchdog.stop();
      lookups.port1.close();
      await thread.terminate();
      await bridge.close();
    },
  };
}
