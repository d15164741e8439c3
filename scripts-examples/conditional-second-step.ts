/**
 * A second step only if the first is verified: restarts one server, proves over HTTP that it is a new process that
 * answers, and only then restarts the others.
 *
 *   wilco run scripts-examples/conditional-second-step.ts
 *   wilco run scripts-examples/conditional-second-step.ts --first=web-2
 */
import { args, exit, resource, resources } from "wilco";

const NOT_VERIFIED = 10;

const { first } = args.parse({ first: "string?" });
const canary = resource(first ?? "web-1");
const health = canary.child(`${canary.name}-http`);

const { pid } = await canary.restart({}, { note: "first step" });
await health.waitUntilHealthy({ timeout: "20s" });
const answer = await health.request();
if (answer.body.pid !== pid) {
  console.error(
    `${canary.name} answers as process ${answer.body.pid}, but ${pid} was started: the second step is left out`,
  );
  exit(NOT_VERIFIED);
}
console.log(`${canary.name} is verified: process ${pid} answers in ${answer.latency} ms`);

const others = resources("type=process,tier=web").filter((server) => server.name !== canary.name);
await Promise.all(others.map((server) => server.restart({}, { note: "second step" })));
console.log(`Restarted ${others.map((server) => server.name).join(", ")} too`);
