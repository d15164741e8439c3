/**
 * Restarts servers batch by batch. Goes on only when every server of a batch was seen up after its restart; stops at
 * the first failure, with the rest untouched.
 *
 *   wilco run scripts-examples/rolling-restart.ts
 *   wilco run scripts-examples/rolling-restart.ts --selector="tier=web,zone=eu" --batch=25%
 */
import { args, assert, resources } from "wilco";

const options = args.parse({ selector: "string?", batch: "string?" });
const size = options.batch ?? "1";

const servers = resources(options.selector ?? "type=process,tier=web");
assert(servers.length > 0, "No servers match: apply scripts-examples/wilco.yaml first");
console.log(`Restarting ${servers.length} servers, ${size} at a time`);

for (const batch of servers.batches(size.endsWith("%") ? size : Number(size))) {
  await Promise.all(
    batch.map(async (server) => {
      const before = await server.status();
      await server.restart({ graceful: true }, { note: "rolling restart" });
      // Asks for a check and waits for its answer: an "up" from before the restart does not count.
      await server.waitUntil("up", { delay: "250ms", waitTimeout: "30s" });
      const after = await server.status();
      assert(after.pid !== before.pid, `${server.name} still runs as process ${before.pid}`);
      console.log(`${server.name}: up again, process ${before.pid ?? "none"} → ${after.pid}`);
    }),
  );
}
console.log("All servers are restarted");
