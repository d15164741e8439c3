/**
 * A change of a whole group, from the inventory to the last check: discovers the servers, restarts them in waves, changes
 * their configuration twice, each time verified, and deploys a release. A release that does not get well is taken back by
 * itself. Run on the server, all of it is one tree in the history:
 *
 *   wilco up --scripts-allow-read scripts-examples
 *   wilco apply scripts-examples/roll-out.yaml
 *   R=$PWD/scripts-examples/releases
 *   wilco run --on-server --allow-read $R scripts-examples/roll-out.ts --releases=$R
 *
 * From here it is: wilco run --allow-read scripts-examples/releases scripts-examples/roll-out.ts
 */
import { args, assert, file, group, history, OperationFailed, resource, sleep } from "wilco";

const options = args.parse({ from: "string?", releases: "string?" });
const releases = options.releases ?? "scripts-examples/releases";

const { found } = await resource(options.from ?? "front").discover();
console.log(`${found} servers were discovered`);

// A rule of the resource takes what was found, in a moment.
while (group("front-servers").members.length < found) await sleep("100ms");
const servers = group("front-servers");
await servers.start();

const { counts } = await servers.restart({ graceful: true }, { concurrency: "34%", haltOnFailure: true });
console.log(`${counts.succeeded} were restarted, two at a time`);

for (const server of servers.members) {
  await server.configuration.update({ env: { GREETING: "good morning" } });
  // Reached only because the first was applied, read back, and found to hold.
  const second = await server.configuration.update({ env: { GREETING: "good evening" } });
  console.log(`${server.name}: configuration ${second.version} is verified`);
}

for (const server of servers.members) {
  const { version } = await server.deploy(file(`${releases}/2/server.mjs`), { version: "2" });
  console.log(`${server.name}: release ${version} runs`);
}

const [first] = servers.members;
assert(first, "no server was discovered");
const broken = first.deploy(
  { content: file(`${releases}/3/server.mjs`), version: "3", readyTimeout: "2s" },
  { note: "does not get well" },
);
try {
  await broken;
  assert(false, "a release that never gets well must not be deployed");
} catch (error) {
  if (!(error instanceof OperationFailed)) throw error;
  const details = error.entry?.error?.details as { rolled_back: boolean; running: { version: string } } | undefined;
  assert(details?.rolled_back, "the former release was not put back");
  console.log(`${first.name}: release 3 was taken back, release ${details.running.version} runs`);
}
await first.waitUntil("up", { waitTimeout: "10s" });

// From here, its calls are entries of their own; on the server, they belong to the script.
const tree = await history.tree((await broken.submitted).id);
console.log(
  `${tree.kind} ${tree.id}: ${tree.children.map(({ kind, operation, status }) => `${operation ?? kind} ${status}`).join(", ")}`,
);
