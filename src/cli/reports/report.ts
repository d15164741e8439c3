/** What a command did, as reports tell it: one case for each entry, and one for a script that threw. */
import type { Entry, EntryEvent } from "../../domain/entry.ts";
import { isTerminal, type TerminalStatus } from "../../domain/status.ts";

/** "open": the wait ended before the entry. */
export type CaseStatus = TerminalStatus | "open";

export interface ReportCase {
  /** Of the resource, or of the script's file. */
  name: string;
  /** "process.restart", "script" */
  operation: string;
  /** null for a script. */
  entry: number | null;
  status: CaseStatus;
  /** From its start to its end, or to now. */
  seconds: number;
  error: { code: string; message: string; hint?: string | undefined; source: "operation" | "system" } | null;
  /** The end of its output, for those that did not succeed. */
  lastLines: readonly string[];
  /** Where a script threw, relative to the working directory. */
  place?: { file: string; line: number; column: number } | undefined;
}

export interface Report {
  /** "exec tier=web restart" */
  title: string;
  server: string;
  startedAt: Date;
  seconds: number;
  cases: readonly ReportCase[];
}

const LINES = 20;
const CHARACTERS = 4_096;

export interface CaseCollector {
  take(entry: Entry, event: EntryEvent): void;
  caseOf(entry: Entry): ReportCase;
}

/** Remembers the end of each entry's output; of entries by the thousand that is a few kilobytes each. */
export function createCaseCollector(now: () => number = Date.now): CaseCollector {
  const ends = new Map<number, string>();
  return {
    take({ id }, event) {
      const text = event.type === "output" ? event.data["text"] : undefined;
      if (typeof text === "string") ends.set(id, `${ends.get(id) ?? ""}${text}`.slice(-CHARACTERS));
    },
    caseOf(entry) {
      const status = isTerminal(entry.status) ? entry.status : "open";
      const started = entry.startedAt === null ? null : Date.parse(entry.startedAt);
      const ended = entry.finishedAt === null ? now() : Date.parse(entry.finishedAt);
      const lines = status === "succeeded" ? [] : (ends.get(entry.id) ?? "").trimEnd().split(/\r?\n/);
      return {
        name: entry.resource?.name ?? `entry ${entry.id}`,
        operation: entry.resource
          ? `${entry.resource.type}.${entry.operation ?? entry.kind}`
          : (entry.operation ?? entry.kind),
        entry: entry.id,
        status,
        seconds: started === null ? 0 : Math.max(0, ended - started) / 1_000,
        error: status === "open" ? openError(entry) : entry.error,
        lastLines: lines.filter((line) => line !== "").slice(-LINES),
      };
    },
  };
}

function openError(entry: Entry): NonNullable<ReportCase["error"]> {
  return {
    code: "not_ended",
    message: `The wait ended before it did; it is ${entry.status}`,
    hint: `Wait for it with: wilco entry wait ${entry.id}`,
    source: "system",
  };
}

/** "3 of 5 succeeded", "succeeded", "timed out" */
export function describeCases(cases: readonly ReportCase[]): string {
  const succeeded = cases.filter(({ status }) => status === "succeeded").length;
  if (cases.length === 1) return describeStatus(cases[0]!.status);
  return `${succeeded} of ${cases.length} succeeded`;
}

export function describeStatus(status: CaseStatus): string {
  return status === "timed_out" ? "timed out" : status === "open" ? "not ended" : status;
}
