/** `wilco apply` of a file of many resources that changes nothing, and a request over a large group. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLI, run, startWilco } from "./wilco.mjs";

const RUNS = 3;

/** Times in ms, from the start of the command to its end, the least of a few. @param resources in the file. */
export async function measureApply({ databaseUrl, resources = 100_000, members = 10_000 } = {}) {
  const server = await startWilco({ databaseUrl });
  try {
    const file = join(server.folder, "fleet.yaml");
    writeFileSync(file, inventoryOf(resources, members));
    const first = await timed(() => server.cli(["apply", file, "--quiet"]));
    const unchanged = await least(() => server.cli(["apply", file, "--quiet"]));
    // Scheduled, so that running them does not take part.
    const request = await least(() =>
      server.cli(["exec", "group=many", "noop", "--no-wait", "--yes", "--at", "+1h", "--quiet"]),
    );
    const node = await least(() => run([CLI, "--version"], { env: server.env, cwd: server.folder }));
    return { first, unchanged, request, node };
  } finally {
    await server.stop();
  }
}

function inventoryOf(resources, members) {
  const lines = ["resources:"];
  for (let i = 0; i < resources; i++) {
    lines.push(
      `  host-${i}:`,
      "    type: http",
      '    checkEvery: "off"',
      '    metricsEvery: "off"',
      "    labels:",
      `      rack: r${i % 100}`,
    );
    lines.push("    connection:", `      url: http://10.0.${(i >> 8) & 255}.${i & 255}:8080/`);
  }
  for (let i = 0; i < members; i++) lines.push(`  many-${i}:`, "    type: bench", "    labels: { part: many }");
  lines.push("groups:", "  many:", '    select: "part=many"');
  return `${lines.join("\n")}\n`;
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function least(work) {
  const times = [];
  for (let i = 0; i < RUNS; i++) times.push(await timed(work));
  return Math.min(...times);
}
