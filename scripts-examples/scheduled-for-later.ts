/**
 * Schedules a restart for later and does not wait for it: the entry stands in the queue whatever becomes of this
 * terminal. With --wait it stays and looks.
 *
 *   wilco run scripts-examples/scheduled-for-later.ts --resource=web-1 --in=10m
 *   wilco run scripts-examples/scheduled-for-later.ts --in=2s --wait
 */
import { args, history, resource } from "wilco";

const options = args.parse({ resource: "string?", in: "string?", wait: "boolean" });
const server = resource(options.resource ?? "web-1");

const restart = server.restart({}, { at: `+${options.in ?? "2s"}`, note: "scheduled by a script" });
// Detached: its failure does not fail this script, and the script does not stay for it.
const entry = await restart.detach();
console.log(`Entry ${entry.id} is ${entry.status}, due ${entry.deliverAt}`);

if (options.wait) {
  const ended = await history.wait(entry.id);
  console.log(`Entry ${ended.id} ${ended.status}: started ${ended.startedAt}, finished ${ended.finishedAt}`);
} else {
  console.log(`Look with "wilco entry show ${entry.id}", call it off with "wilco entry cancel ${entry.id}"`);
}
