/** How long commands take from start to end: medians of rounds in which each runs once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./statistics.mjs";
import { CLI, cleanEnvironment, run, startWilco } from "./wilco.mjs";

const hello = fileURLToPath(new URL("scripts/hello.ts", import.meta.url));
const tsx = fileURLToPath(new URL("node_modules/tsx/dist/cli.mjs", import.meta.url));

/** @returns medians in ms by command: `{ node, version, tsx, run, local }` */
export async function measureStartup({ runs }) {
  const server = await startWilco();
  const folder = mkdtempSync(join(tmpdir(), "wilco-bench-startup-"));
  try {
    const elsewhere = { cwd: folder, env: { ...cleanEnvironment(), XDG_CACHE_HOME: join(folder, "cache") } };
    const commands = {
      node: () => run(["-e", "0"], elsewhere),
      version: () => run([CLI, "--version"], elsewhere),
      tsx: () => run([tsx, hello], elsewhere),
      run: () => server.cli(["run", hello]),
      local: () => run([CLI, "run", "--local", hello], elsewhere),
    };
    const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
    for (let round = -1; round < runs; round++) {
      for (const [name, command] of Object.entries(commands)) {
        const start = performance.now();
        await command();
        // The first round fills the caches, of tsx and of wilco alike.
        if (round >= 0) times[name].push(performance.now() - start);
      }
    }
    return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
