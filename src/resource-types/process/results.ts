/** What the operations of a process give. */
import { checkResult, COUNT, described, FLAG, NUMBER, orNull, resultOf, TEXT, TEXTS } from "../results.ts";

const PID = described({ type: "integer" }, "process id");
const TIME = described(TEXT, "ISO 8601");
/** What it ended with is known at once, without a check. */
const UP = { const: "up" };
const READY = described(orNull(FLAG), "null = it has no ready check");
const EXIT = {
  anyOf: [resultOf({ code: orNull({ type: "integer" }), signal: orNull(TEXT), at: TIME }), { type: "null" }],
};

const RELEASE = {
  version: orNull(TEXT),
  sha256: TEXT,
  release: described(TEXT, "directory on its machine"),
};

export const PROCESS_RESULTS = {
  start: resultOf({
    pid: PID,
    started: described(FLAG, "false when it ran already"),
    startedAt: TIME,
    ready: READY,
    availability: UP,
  }),
  stop: resultOf({
    pid: orNull(PID),
    wasRunning: FLAG,
    signal: described(orNull(TEXT), "that was needed"),
    exit: EXIT,
    availability: { const: "down" },
  }),
  restart: resultOf({
    pid: PID,
    previousPid: orNull(PID),
    stoppedBy: described(orNull(TEXT), "signal"),
    startedAt: TIME,
    ready: READY,
    availability: UP,
  }),
  deploy: resultOf({
    ...RELEASE,
    previous: { anyOf: [resultOf(RELEASE), { type: "null" }] },
    pid: PID,
    startedAt: TIME,
    ready: READY,
    availability: UP,
  }),
  status: resultOf({
    state: { enum: ["running", "stopped", "exited"] },
    pid: orNull(PID),
    startedAt: orNull(TIME),
    uptime: described(orNull(COUNT), "ms"),
    ready: READY,
    exit: EXIT,
    command: TEXTS,
    log: described(TEXT, "file on its machine"),
  }),
  logs: resultOf({ lines: TEXTS, log: TEXT }),
  readConfiguration: resultOf({ args: TEXTS, env: { type: "object", additionalProperties: TEXT } }),
  check: checkResult({ pid: PID }),
  metrics: resultOf({
    cpu: described(NUMBER, "% of one core"),
    memory: described(COUNT, "bytes"),
    processes: COUNT,
    uptime: described(COUNT, "ms"),
  }),
};
