/**
 * The resource type of the drill: each run writes its own journal, outside the database, so that what really ran does
 * not have to be believed. A line is appended with one system call, and survives a kill -9 of its process.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineResourceType, parametersOf } from "wilco";

const parameters = parametersOf(
  { id: { type: "integer" }, ms: { type: "integer" }, lines: { type: "integer", default: 0 } },
  ["id", "ms"],
);

async function run({ entry, attempt, operation, parameters: { id, ms, lines }, output, signal }) {
  const note = (what) =>
    appendFileSync(
      process.env.DRILL_JOURNAL,
      `${JSON.stringify({ what, entry, attempt, operation, id, pid: process.pid })}\n`,
    );
  note("start");
  for (let line = 1; line <= lines; line++) await output(`${id} line ${line}\n`);
  await sleep(ms, undefined, { signal });
  note("end");
  return { id };
}

export default defineResourceType({
  name: "journal",
  operations: {
    once: { parameters, handler: run },
    again: { parameters, onLost: "requeue", maxAttempts: 100, handler: run },
    look: { parameters, onLost: "requeue", maxAttempts: 100, exclusive: false, handler: run },
  },
});
