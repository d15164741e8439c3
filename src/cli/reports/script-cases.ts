/** What a script did, for reports: a case for each entry that it filed, and one for the script itself. */
import { relative } from "node:path";
import type { Api } from "../../client/api.ts";
import type { Entry } from "../../domain/entry.ts";
import { isTerminal } from "../../domain/status.ts";
import type { ScriptError } from "../../sandbox/guest/wire.ts";
import type { RunOutcome } from "../../sandbox/outcome.ts";
import { createCaseCollector, type ReportCase } from "./report.ts";

export interface ScriptRun {
  /** As it was typed. */
  file: string;
  /** What it imports from; the stack's places are relative to it. */
  root: string;
  cwd: string;
  outcome: RunOutcome;
  exit: number;
  seconds: number;
  /** As last seen. */
  entries: readonly Entry[];
}

/** Entries whose last output is looked up: each costs a request. */
const LOOKED_UP = 50;
/** Events at the end of a log that are read for it. */
const LAST_EVENTS = 40;

export async function casesOfScript(api: Pick<Api, "entry" | "events">, run: ScriptRun): Promise<ReportCase[]> {
  const collector = createCaseCollector();
  const cases: ReportCase[] = [];
  let lookedUp = 0;
  for (const seen of run.entries) {
    // What nobody waited for has gone on since.
    const entry = isTerminal(seen.status) ? seen : await api.entry(seen.id);
    if (entry.status !== "succeeded" && lookedUp++ < LOOKED_UP) {
      const after = Math.max(0, entry.lastEvent - LAST_EVENTS);
      const { events } = await api.events(entry.id, { after });
      for (const event of events) collector.take(entry, event);
    }
    cases.push(collector.caseOf(entry));
  }
  return [...cases, scriptCase(run)];
}

function scriptCase({ file, root, cwd, outcome, exit, seconds }: ScriptRun): ReportCase {
  const error = outcome.error ?? outcome.unobservedFailures[0];
  return {
    name: file,
    operation: "script",
    entry: null,
    status: exit === 0 ? "succeeded" : outcome.kind === "interrupted" ? "canceled" : "failed",
    seconds,
    error: exit === 0 ? null : { ...errorOf(error, exit), source: "operation" },
    lastLines: error === undefined ? [] : framesOf(error),
    place: error === undefined ? undefined : placeOf(error, root, cwd),
  };
}

function errorOf(error: ScriptError | undefined, exit: number): { code: string; message: string; hint?: string } {
  if (error === undefined) return { code: `exit_${exit}`, message: `It ended with exit code ${exit}` };
  const { code, message, hint } = error;
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}

function framesOf({ stack }: ScriptError): string[] {
  return stack
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .slice(0, 5);
}

/** Of the innermost frame: "    at deploy (release.ts:12:5)". */
function placeOf({ stack }: ScriptError, root: string, cwd: string): ReportCase["place"] {
  const match = /^\s+at (?:.*\()?([^():]+):(\d+):(\d+)\)?$/m.exec(stack);
  if (!match) return undefined;
  const [, module = "", line, column] = match;
  return { file: relative(cwd, `${root}/${module}`), line: Number(line), column: Number(column) };
}
