/**
 * Installs what package-lock.json names, when node_modules does not hold it yet. Plain JavaScript without dependencies
 * and for old Nodes: it runs before the pinned Node is there, on whatever `node` the machine has (20 and later).
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * Whether `node_modules` of `root` holds what its package-lock.json names. Contents are compared, not times: a checkout
 * or a copy sets times at will. npm writes node_modules/.package-lock.json last, so a broken-off install has none.
 */
export function isInstalled(root) {
  const hidden = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const same = (path) =>
    wanted[path]?.version === present[path].version && wanted[path].integrity === present[path].integrity;
  const needed = Object.keys(wanted).filter(
    (path) => path !== "" && !wanted[path].optional && !wanted[path].devOptional,
  );
  return Object.keys(present).every(same) && needed.every((path) => path in present);
}

/** Runs `npm ci` in `root`, quietly. Returns undefined, or sentences about what went wrong. */
export function install(root) {
  // The npm that runs us, if one does; the loglevel hides warnings that the Node at hand is older than some package
  // asks for: those packages run on the pinned one.
  const npm = process.env.npm_execpath;
  const options = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const [command, ...args] = npm?.endsWith("js") ? [process.execPath, npm, ...options] : ["npm", ...options];
  const run = spawnSync(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
  if (run.error) return `npm could not be started: ${run.error.message}. Is npm on the PATH?`;
  if (run.status === 0) return undefined;
  return [
    `npm ci failed in ${root} (${run.signal ?? `exit code ${run.status}`}). What it said:`,
    `${run.stdout}${run.stderr}`.trim().split("\n").slice(0, 20).join("\n"), // its usage text follows some errors
    "Check the connection to the npm registry and the free space on the disk, then run the command again.",
  ].join("\n");
}

function pinnedNodeTrouble(root) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const answer = spawnSync(join(root, "node_modules", ".bin", "node"), ["--version"], { encoding: "utf8" });
  if (answer.stdout?.trim() === `v${devDependencies.node}`) return undefined;
  return [
    `The Node ${devDependencies.node} that this project pins is not in node_modules/.bin (${answer.error?.message ?? answer.stdout.trim()}).`,
    "Its install script puts it there: if npm is set to ignore scripts, run `npm rebuild node --ignore-scripts=false`.",
  ].join("\n");
}

function main() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  let trouble;
  if (!isInstalled(root)) {
    console.error("Installing the dependencies (npm ci); this takes a minute the first time.");
    trouble = install(root);
  }
  trouble ??= pinnedNodeTrouble(root);
  if (trouble === undefined) return;
  console.error(trouble);
  process.exitCode = 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main();
