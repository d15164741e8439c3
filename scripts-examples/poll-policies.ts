/**
 * Poll policies side by side: the same operation, five ways to wait for it. The policy decides how often and how long
 * the script looks; the operation goes on in every case.
 *
 *   wilco run scripts-examples/poll-policies.ts
 */
import { history, resource, table } from "wilco";

const machine = resource("this-machine");
const policies = {
  "default: every second until it ends": {},
  "eager: every 50 ms": { delay: "50ms" },
  "backoff: 50 ms, doubled, at most 400 ms": { delay: "50ms", backoff: 2, maxDelay: "400ms" },
  "two looks, then the entry as it stands": { delay: "50ms", limit: 2, onLimit: "return" },
  "300 ms at most, then the entry as it stands": { delay: "100ms", waitTimeout: "300ms", onLimit: "return" },
} as const;

const rows = [];
for (const [policy, poll] of Object.entries(policies)) {
  const started = Date.now();
  const execution = machine.run({ command: ["node", "-e", "setTimeout(() => {}, 700)"] });
  const seen = await execution.outcome(poll);
  rows.push({ policy, entry: seen.id, "seen as": seen.status, after: `${Date.now() - started} ms` });
  // A wait that ended early can be taken up again.
  const ended = await history.wait(seen.id);
  if (ended.status !== "succeeded") throw new Error(`Entry ${ended.id} ${ended.status}`);
}
table(rows);
console.log("All five operations succeeded, however they were waited for");
