/** What a CI step costs: `wilco exec` as a process, 500 targets over 32 slots, and following a lot of output. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { median } from "./statistics.mjs";
import { CLI, memoryOf, processorTime, run, startWilco } from "./wilco.mjs";

const TARGETS = 500;
const SLOTS = 32;
/** ms of work of each of the targets. */
const WORK = 200;
const LINES = 40_000;
/** Bytes a line: 40 MB in all, because an entry keeps 50. */
const LINE = 1_000;

/** @returns `{ node, exec, overhead, cpu, memory }`: ms, ms, share beyond the bare work, core-seconds for each 50 MB, MB */
export async function measurePipeline({ runs }) {
  const server = await startWilco({ slots: SLOTS });
  try {
    const times = { node: [], exec: [] };
    const commands = {
      node: () => run(["-e", "0"], { env: server.env }),
      exec: () => server.cli(["exec", "bench-1", "noop"]),
    };
    for (let round = -1; round < runs; round++) {
      for (const [name, command] of Object.entries(commands)) {
        const start = performance.now();
        await command();
        if (round >= 0) times[name].push(performance.now() - start);
      }
    }
    const many = Array.from(
      { length: TARGETS },
      (_, index) => `  many-${index}: { type: bench, labels: { many: "yes" } }`,
    );
    const inventory = join(server.folder, "many.yaml");
    writeFileSync(inventory, `resources:\n${many.join("\n")}\n`);
    await server.cli(["apply", inventory]);
    const start = performance.now();
    await server.cli(["exec", "many=yes", "pause", "--param", `ms=${WORK}`, "--yes", "--quiet"]);
    const took = performance.now() - start;
    return {
      node: median(times.node),
      exec: median(times.exec),
      overhead: took / (Math.ceil(TARGETS / SLOTS) * WORK) - 1,
      ...(await follow(server)),
    };
  } finally {
    await server.stop();
  }
}

/** Follows 40 MB: processor time and memory of the client. */
async function follow(server) {
  const args = ["exec", "bench-1", "print", "--param", `lines=${LINES}`, "--param", `bytes=${LINE}`];
  const child = spawn(process.execPath, [CLI, ...args], {
    env: server.env,
    cwd: server.folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let bytes = 0;
  let cpu = 0;
  let peak = 0;
  child.stdout.on("data", (chunk) => (bytes += chunk.length));
  const watch = setInterval(() => {
    try {
      cpu = processorTime(child.pid) / 1_000;
      peak = memoryOf(child.pid, "VmHWM") || peak;
    } catch {
      // It has ended; what was read last counts.
    }
  }, 50);
  const [code] = await once(child, "close");
  clearInterval(watch);
  if (code !== 0) throw new Error(`following ended with ${code}`);
  return { cpu: cpu / (bytes / 50_000_000), memory: peak / 1_024, followed: bytes / 1_000_000 };
}
