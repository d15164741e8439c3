/** `npm run drill`: the drill in full, on both engines. See README.md beside this file. */
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runDrill } from "./drill.ts";

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "both" },
    seed: { type: "string" },
    executions: { type: "string", default: "10000" },
    servers: { type: "string", default: "2" },
    workers: { type: "string", default: "4" },
    /** Seconds. */
    lease: { type: "string", default: "5" },
    quiet: { type: "boolean", default: false },
  },
});

// So that what it started ends with it.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => process.exit(code));
}

const engines = values.engine === "both" ? (["postgres", "sqlite"] as const) : [values.engine];
const seed = values.seed === undefined ? randomInt(1_000_000) : count("seed", values.seed);
const built = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));
const source = fileURLToPath(new URL("../../src/cli/bin.ts", import.meta.url));

for (const engine of engines) {
  if (engine !== "sqlite" && engine !== "postgres") fail(`--engine is postgres, sqlite or both, not ${engine}`);
  const lease = count("lease", values.lease) * 1_000;
  const report = await runDrill({
    engine,
    seed,
    executions: count("executions", values.executions),
    servers: engine === "sqlite" ? 1 : count("servers", values.servers),
    workers: count("workers", values.workers),
    lease,
    lostAfter: lease * 3,
    patience: 3_600_000,
    pause: [500, 2_500],
    cli: existsSync(built) ? built : source,
    say: (line) => {
      if (!values.quiet) console.error(`  ${(performance.now() / 1_000).toFixed(1).padStart(6)} s  ${line}`);
    },
  });
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, number]) => `${number} ${name}`)
      .join(", ");
  console.log(`${engine}: ${list(report.statuses)}; ${report.repeated} attempts were repetitions`);
  console.log(`  in ${report.seconds.toFixed(0)} s, through ${list(report.chaos)}`);
  if (report.problems.length === 0) continue;
  for (const problem of report.problems.slice(0, 20)) console.log(`  WRONG: ${problem}`);
  fail(
    `${report.problems.length} things are wrong; logs are in ${report.folder}; again with: npm run drill -- --engine ${engine} --seed ${seed}`,
  );
}

function count(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  return fail(`--${name} is a whole number, not ${text}`);
}

function fail(why: string): never {
  console.error(why);
  process.exit(1);
}
