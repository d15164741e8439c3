/** `npm run bench`: installs bench/'s own dependencies when needed and runs its main file with the given arguments. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
// @ts-expect-error plain JavaScript, because it runs on Nodes that do not read TypeScript
import { install, isInstalled } from "./setup.mjs";

const bench = fileURLToPath(new URL("../bench/", import.meta.url));
const trouble = (isInstalled as (root: string) => boolean)(bench)
  ? undefined
  : (install as (root: string) => string | undefined)(bench);
if (trouble === undefined) {
  const run = spawnSync(process.execPath, ["main.mjs", ...process.argv.slice(2)], { cwd: bench, stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} else {
  console.error(trouble);
  process.exitCode = 1;
}
