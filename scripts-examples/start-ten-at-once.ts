/**
 * Starts ten processes at once: one request files all ten, one poll follows them all. Says what became of each, and
 * fails when one of them failed.
 *
 *   wilco run scripts-examples/start-ten-at-once.ts
 *   wilco run scripts-examples/start-ten-at-once.ts --selector="tier=consumer"
 */
import { args, assert, resources, table } from "wilco";

const { selector } = args.parse({ selector: "string?" });
const consumers = resources(selector ?? "type=process,tier=consumer");
assert(consumers.length > 0, "No consumers match: apply scripts-examples/wilco.yaml first");

// No await inside map: all of them are submitted before the first answer is looked at.
const started = consumers.map((consumer) => ({ consumer, execution: consumer.start() }));
console.log(`Submitted ${started.length} starts`);

const rows = await Promise.all(
  started.map(async ({ consumer, execution }) => {
    const entry = await execution.outcome();
    return { resource: consumer.name, entry: entry.id, status: entry.status, pid: entry.result?.pid ?? "–" };
  }),
);
table(rows);

const failed = rows.filter((row) => row.status !== "succeeded");
assert(failed.length === 0, `${failed.length} of ${rows.length} did not start`);
