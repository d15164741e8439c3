/**
 * The sandbox's thread needs 60 ms to boot, as long as it takes the command line to load and to find its server: started
 * before anything else, it is ready when they are. Guessing wrong costs an idle thread that the process's end takes along.
 */
import type { Worker } from "node:worker_threads";
import { asksForHelp, commandWord } from "./command-word.ts";

/** Commands that run scripts. */
const SANDBOXED = new Set(["run", "shell"]);

let early: Worker | undefined;

export async function startEarlyThread(argv: readonly string[]): Promise<void> {
  if (!SANDBOXED.has(commandWord(argv) ?? "") || asksForHelp(argv)) return;
  const { startThread } = await import("../sandbox/start-thread.ts");
  early = startThread();
}

/** The thread that was started early, to one caller. */
export function takeEarlyThread(): Worker | undefined {
  const thread = early;
  early = undefined;
  return thread;
}
