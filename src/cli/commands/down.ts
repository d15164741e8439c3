/** `wilco down`: asks the local server to stop, and returns when it has let go of its data directory. */
import { existsSync } from "node:fs";
import { WilcoError } from "../../core/errors.ts";
import { isDataDirectoryHeld } from "../../database/data-directory.ts";
import { readOwner } from "../../database/owner.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { runningThere } from "../running-there.ts";
import type { DataDirFlags } from "./up.ts";

export interface DownFlags extends DataDirFlags {
  now?: boolean;
}

const LOOK_MS = 25;
/** What runs for longer is named: in a pipe nothing else would say what is waited for. */
const TELL_AFTER_MS = 1_000;
const END_NOW = "  End it at once: wilco down --now";

export async function downCommand(context: Context, flags: DownFlags): Promise<number> {
  const dataDir = dataDirOf(context, flags.dataDir);
  const { output } = context;
  // The lock, not the pid in owner.json: after a crash that number may be another process's by now.
  if (!existsSync(dataDir) || !isDataDirectoryHeld(dataDir)) {
    output.notice(`No local server runs in ${dataDir}.`);
    return EXIT.succeeded;
  }
  const owner = readOwner(dataDir);
  if (!owner) {
    throw new WilcoError({
      code: "unavailable",
      message: `A server holds ${dataDir}, but does not say which process it is`,
      hint: "It is starting or stopping: try again in a moment.",
    });
  }
  ask(owner.pid, dataDir, "SIGTERM");
  // The server takes a second signal as "now". Not the same once more: of two that wait for one process, one arrives.
  if (flags.now === true) ask(owner.pid, dataDir, "SIGINT");
  const interrupt = listenForInterrupt();
  output.live.show(() => "Stopping the local server: it waits for running operations …");
  const tellAt = performance.now() + TELL_AFTER_MS;
  let told = flags.now === true;
  try {
    while (isDataDirectoryHeld(dataDir)) {
      if (interrupt.signal.aborted) {
        output.warn(
          `Interrupted: process ${owner.pid} stops when what runs has ended, and takes nothing more.\n${END_NOW}`,
        );
        return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
      }
      if (!told && performance.now() > tellAt) {
        told = true;
        const running = await runningThere(dataDir);
        if (running !== undefined) output.notice(`Waiting for ${running}.\n${END_NOW}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    output.live.stop();
    interrupt.dispose();
  }
  output.notice("The local server has stopped.");
  return EXIT.succeeded;
}

function ask(pid: number, dataDir: string, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ESRCH") return; // it ended meanwhile; the lock will say so
    throw new WilcoError({
      code: "forbidden",
      message: `Process ${pid}, which holds ${dataDir}, can't be asked to stop (${code})`,
      hint: "Stop it as the user who started it.",
      cause,
    });
  }
}
