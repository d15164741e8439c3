/** Runs one hostile script both ways, as a script and as a line of a session, and ends it when it does not end. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConsoleSink } from "../../../src/sandbox/console-writer.ts";
import {
  createInteractiveSession,
  type InteractiveSession,
  type LineOutcome,
} from "../../../src/sandbox/interactive-session.ts";
import type { RunOutcome } from "../../../src/sandbox/outcome.ts";
import { createSession } from "../../../src/sandbox/session.ts";
import { createFakePort } from "../fake-port.ts";
import type { End, HostileCase, LineEnd } from "./case.ts";

/** Of a run: how it ended, and everything that the guest could make anyone read. */
export interface CaseRun<Ended> {
  ended: Ended | "never ended";
  code: string | undefined;
  output: string;
  faults: unknown[];
}

const DEFAULTS = { cpu: 300, memory: 32 * 1024 * 1024, within: 10_000 };
/** One cache of stripped text for all: loading the stripper for each takes most of the time. */
const cacheDirectory = mkdtempSync(join(tmpdir(), "wilco-hostile-cache-"));

export function removeCache(): void {
  rmSync(cacheDirectory, { recursive: true, force: true });
}

/** `finally` blocks get this long after an interrupt, ms. */
const GRACE = 200;
/** Beyond it output is counted, not kept: the floods write 50 MB. */
const KEPT = 4 * 1024 * 1024;

const limitsOf = ({ cpu = DEFAULTS.cpu, memory = DEFAULTS.memory }: HostileCase) => ({ cpu, memory });

export async function runAsScript(hostile: HostileCase): Promise<CaseRun<End>> {
  const folder = folderOf(hostile);
  const session = createSession({ cacheDirectory, limits: limitsOf(hostile) });
  const abort = new AbortController();
  const output = createOutput(hostile, () => abort.abort());
  const faults: unknown[] = [];
  const port = createFakePort();
  try {
    const outcome = await within(
      hostile,
      session.run({
        root: folder,
        file: "hostile.js",
        port,
        lookup: port,
        console: output.sink,
        signal: abort.signal,
        grace: GRACE,
        onError: "leave",
        onFault: (fault) => faults.push(fault),
      }),
    );
    if (!outcome) return { ended: "never ended", code: undefined, output: output.text(), faults };
    const told = JSON.stringify([outcome.error, outcome.unobservedFailures]);
    return { ended: endOf(outcome), code: outcome.error?.code, output: output.text() + told, faults };
  } finally {
    await session.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @returns how the line ended; what the session says to `1 + 1` afterwards; and whether it had said that its variables
 * are lost, exactly when they are.
 */
export async function runAsLine(hostile: HostileCase) {
  const folder = folderOf(hostile);
  const port = createFakePort();
  const faults: unknown[] = [];
  const background: unknown[] = [];
  const output = createOutput(hostile, () => session.interrupt());
  const session: InteractiveSession = createInteractiveSession({
    cacheDirectory,
    limits: limitsOf(hostile),
    root: folder,
    port,
    lookup: port,
    console: output.sink,
    onBackground: (error) => background.push(error),
    onFault: (fault) => faults.push(fault),
  });
  const evaluate = (line: string) => within(hostile, session.evaluate(line));
  try {
    await evaluate("const kept = 5");
    const outcome = await evaluate(hostile.script);
    const run: CaseRun<LineEnd> = {
      ended: outcome ? lineEndOf(outcome) : "never ended",
      code: outcome && "error" in outcome ? outcome.error.code : undefined,
      output: output.text() + JSON.stringify([outcome, background]),
      faults,
    };
    if (!outcome) return { ...run, usable: "never ended", keptAsTold: true };
    const lost = outcome.kind === "lost" || (outcome.kind === "interrupted" && outcome.lost);
    if (hostile.spoils) session.reset();
    const sum = await evaluate("1 + 1");
    const kept = hostile.spoils ? undefined : await evaluate("typeof kept");
    return {
      ...run,
      usable: textOf(sum),
      keptAsTold: hostile.spoils || textOf(kept) === (lost ? "undefined" : "number"),
    };
  } finally {
    await session.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with the case's files; "-> target" makes a link. */
function folderOf({ script, files = {} }: HostileCase): string {
  const folder = mkdtempSync(join(tmpdir(), "wilco-hostile-"));
  for (const [name, text] of Object.entries({ ...files, "hostile.js": script })) {
    if (text.startsWith("-> ")) symlinkSync(text.slice(3), join(folder, name));
    else writeFileSync(join(folder, name), text);
  }
  return folder;
}

function createOutput({ interrupt }: HostileCase, onReady: () => void) {
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

/** Undefined when it does not end in time: whoever asks then ends the thread. */
async function within<T>({ within: ms = DEFAULTS.within }: HostileCase, what: Promise<T>): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), ms);
  try {
    return await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}

function endOf({ kind, limit }: RunOutcome): End {
  return kind === "limit" ? `limit ${limit!}` : kind;
}

function lineEndOf(outcome: LineOutcome): LineEnd {
  if (outcome.kind === "error") return outcome.error.name === "ScriptLimit" ? "cpu" : "error";
  if (outcome.kind !== "lost") return outcome.kind;
  if (outcome.error.code !== "script_limit") return "lost";
  return outcome.error.message.includes("memory") ? "memory" : "cpu";
}

function textOf(outcome: LineOutcome | undefined): string {
  if (outcome?.kind !== "value") return JSON.stringify(outcome ?? "never ended");
  return "text" in outcome.value ? outcome.value.text.replaceAll(/["']/g, "") : outcome.value.kind;
}
