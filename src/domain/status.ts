/** The statuses of an audit entry and the transitions between them. docs/state-machine.md draws this table. */

export const STATUSES = [
  "scheduled",
  "blocked",
  "queued",
  "running",
  "canceling",
  "succeeded",
  "failed",
  "timed_out",
  "canceled",
  "lost",
] as const;
export type Status = (typeof STATUSES)[number];

export const TERMINAL_STATUSES = ["succeeded", "failed", "timed_out", "canceled", "lost"] as const;
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];

const TERMINAL: ReadonlySet<string> = new Set(TERMINAL_STATUSES);

export function isTerminal(status: Status): status is TerminalStatus {
  return TERMINAL.has(status);
}

/** Every transition there is. Nothing leaves a terminal status; a retry is a new entry. */
export const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  scheduled: ["queued", "blocked", "running", "canceled", "failed"],
  blocked: ["queued", "scheduled", "running", "canceled", "failed"],
  queued: ["running", "canceled", "failed"],
  running: ["canceling", "queued", "succeeded", "failed", "timed_out", "canceled", "lost"],
  canceling: ["succeeded", "failed", "timed_out", "canceled", "lost"],
  succeeded: [],
  failed: [],
  timed_out: [],
  canceled: [],
  lost: [],
};

export function mayBecome(from: Status, to: Status): boolean {
  return TRANSITIONS[from].includes(to);
}
