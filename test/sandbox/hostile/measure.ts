/** What one way of running a hostile script came to, and how it is ended when it does not end. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ConsoleSink } from "../../../src/sandbox/console-writer.ts";
import type { HostileCase } from "./case.ts";

/** How it ended, and everything that the guest could make anyone read. */
export interface CaseRun<Ended> {
  ended: Ended | "never ended";
  code: string | undefined;
  output: string;
  faults: unknown[];
}

/** ms after which what has not ended is ended, which is a failure: for loaded machines, not a measurement. */
const PATIENCE = 60_000;
/** Beyond it output is counted, not kept: the floods write 50 MB. */
const KEPT = 4 * 1024 * 1024;

/** Undefined when it does not end in time: whoever asks then ends the thread. */
export async function inTime<T>(what: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), PATIENCE);
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), join(folder, name));
    else writeFileSync(join(folder, name), text);
  }
}

export interface Output {
  sink: ConsoleSink;
  text: () => string;
}

/** Keeps what is printed, and says when a script that is to be interrupted is ready for it. */
export function createOutput({ interrupt }: HostileCase, onReady: () => void): Output {
  let kept = "";
  let told = false;
  const sink: ConsoleSink = (_stream, text) => {
    if (kept.length < KEPT) kept += text;
    if (!interrupt || told || !kept.includes("ready")) return;
    told = true;
    onReady();
  };
  return { sink, text: () => kept };
}
