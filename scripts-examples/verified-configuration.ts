/**
 * Changes a setting of every web server, one after the other: each update is applied, read back and recorded as a
 * version before the next begins, and one whose server does not answer afterwards is taken back.
 *
 *   wilco run scripts-examples/verified-configuration.ts
 *   wilco run scripts-examples/verified-configuration.ts --greeting=hello
 */
import { args, history, resources } from "wilco";

const { greeting } = args.parse({ greeting: "string?" });
const env = { GREETING: greeting ?? "good morning" };

for (const server of resources("type=process,tier=web")) {
  const before = await server.configuration.known();
  const update = server.configuration.update({ env }, { base: before.version, note: "new greeting" });
  const { version, changes, verified } = await update;
  try {
    await server.child(`${server.name}-http`).waitUntilHealthy({ timeout: "20s" });
  } catch (error) {
    if (before.version > 0) await server.configuration.rollback(before.version, { note: "it did not answer" });
    throw error;
  }
  const what = changes.map(({ path }) => path).join(", ") || "nothing new";
  console.log(`${server.name}: version ${version}, ${verified ? "verified" : "not verified"}, ${what}`);

  const { drifted } = await server.configuration.drift();
  if (drifted) throw new Error(`${server.name} has something else than version ${version}`);
}

const changed = await history.find({ kind: "configuration", status: "succeeded", limit: 3 });
console.log(
  `The last changes: ${changed.map((entry) => `${entry.resource?.name} by ${entry.requestedBy}`).join(", ")}`,
);
