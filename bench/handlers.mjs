/**
 * What keeping a handler apart from its worker costs, by how it is kept apart: a call within the process, a bare thread, a
 * bare process, and the processes that wilco starts, with all that a handler gets. Needs Linux (/proc) and a build.
 * Run it alone: npm run build && node bench/handlers.mjs
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const SELF = fileURLToPath(import.meta.url);
const UNITS = 8;
const CALLS = 5_000;
const ROUNDS = 9;
const PARAMETERS = { version: "1.2.0", graceful: true, hosts: ["web-1", "web-2"] };

const handler = async (parameters) => ({ done: true, hosts: parameters.hosts.length });

/** Proportional set size: a page that eight processes share counts as an eighth in each. */
const pss = (pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]) / 1024;
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** One unit that answers calls: `call` resolves with the result. */
const KINDS = {
  "in the worker's process": async () => ({ pid: null, call: handler, stop() {} }),
  "a bare thread": async () => {
    const thread = new Worker(SELF);
    await once(thread, "message");
    return {
      pid: null,
      call: callWith(thread, (message) => thread.postMessage(message)),
      stop: () => thread.terminate(),
    };
  },
  "a bare process": async () => {
    const child = fork(SELF, ["child"], { serialization: "advanced", execArgv: [] });
    await once(child, "message");
    const stop = async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    return { pid: child.pid, call: callWith(child, (message) => child.send(message)), stop };
  },
};

/** Needs a directory; see `main`. */
function wilcoProcess(directory, openHandlerProcess) {
  const library = new URL("../dist/index.js", import.meta.url).href;
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
  const file = join(directory, "bench.mjs");
  writeFileSync(
    file,
    `import { defineResourceType } from "wilco";
     const handler = async ({ parameters }) => ({ done: true, hosts: parameters.hosts.length });
     export default defineResourceType({ name: "bench", operations: { noop: { handler } } });`,
  );
  return async () => {
    const one = await openHandlerProcess({ directory, library, heap: 1_024, killGrace: 1_000, log });
    const { signal } = new AbortController();
    const resource = { id: 1, name: "b", type: "bench", zone: "default", labels: {}, connection: {} };
    const context = { entry: 1, attempt: 1, operation: "noop", parameters: PARAMETERS, resource, signal, deadline: 0 };
    const all = {
      ...context,
      tempDir: directory,
      state: directory,
      log,
      async output() {},
      progress() {},
      async exec() {},
    };
    return { pid: one.pid, call: () => one.run({ file, type: "bench" }, all), stop: () => one.stop() };
  };
}

function callWith(emitter, send) {
  return (parameters) =>
    new Promise((resolve) => {
      emitter.once("message", resolve);
      send(parameters);
    });
}

async function measure(name, start) {
  const starts = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = performance.now();
    const unit = await start();
    await unit.call(PARAMETERS);
    starts.push(performance.now() - before);
    await unit.stop();
  }
  const before = pss(process.pid);
  const units = [];
  for (let unit = 0; unit < UNITS; unit++) units.push(await start());
  for (const unit of units) await unit.call(PARAMETERS);
  const memory = pss(process.pid) - before + units.reduce((sum, { pid }) => sum + (pid === null ? 0 : pss(pid)), 0);
  const [first] = units;
  for (let call = 0; call < 500; call++) await first.call(PARAMETERS);
  const cpu = process.cpuUsage();
  const began = performance.now();
  for (let call = 0; call < CALLS; call++) await first.call(PARAMETERS);
  const took = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  for (const unit of units) await unit.stop();
  return {
    kept: name,
    "start, ms": median(starts).toFixed(1),
    "memory of one, MB": (memory / UNITS).toFixed(1),
    "one call, µs": ((took * 1_000) / CALLS).toFixed(0),
    "of it CPU of the worker, µs": ((user + system) / CALLS).toFixed(0),
  };
}

if (!isMainThread) {
  parentPort.on("message", async (parameters) => parentPort.postMessage(await handler(parameters)));
  parentPort.postMessage("ready");
} else if (process.argv[2] === "child") {
  process.on("message", async (parameters) => process.send(await handler(parameters)));
  process.send("ready");
} else {
  const directory = mkdtempSync(join(tmpdir(), "wilco-bench-"));
  const { openHandlerProcess } = await import("../dist/worker/handlers/handler-process.js");
  KINDS["a process of wilco"] = wilcoProcess(directory, openHandlerProcess);
  const rows = [];
  for (const [name, start] of Object.entries(KINDS)) rows.push(await measure(name, start));
  console.table(rows);
  rmSync(directory, { recursive: true });
}
