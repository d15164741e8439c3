/**
 * Started by flood.test.ts: a worker whose one execution prints `bytes` as fast as it can. Prints the peak of this process's
 * resident memory, in MB, before and after, and the outcome.
 */
import { readFileSync } from "node:fs";
import { builtinTypes } from "../../src/resource-types/builtin.ts";
import type { Log } from "../../src/resource-types/log.ts";
import { createWorker } from "../../src/worker/worker.ts";
import { createFakeServer } from "./fake-server.ts";

const [stateDir, bytes] = process.argv.slice(2) as [string, string];
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const server = createFakeServer();
const worker = createWorker({
  api: server.api,
  name: "flooded",
  zone: "default",
  roles: ["automate"],
  capacity: 1,
  types: builtinTypes,
  stateDir,
  version: "0.0.0",
  log,
});
const peak = () => Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1_024;

await worker.start();
const shell = (script: string) => ({ command: ["/bin/sh", "-c", script] });
const run = async (script: string) =>
  server.finished(
    server.submit({ operation: "run", type: "host", parameters: shell(script), outputQuota: 4 * 1024 * 1024 }),
  );
await run("echo warm");
const before = peak();
const started = performance.now();
const { status } = await run(`head -c ${bytes} /dev/zero`);
const seconds = (performance.now() - started) / 1_000;
console.log(JSON.stringify({ status, before, after: peak(), rate: Number(bytes) / 1e6 / seconds }));
await worker.stop();
