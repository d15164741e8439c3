/** Compiles src/ into dist/: runs tsc (about a second, so always the whole), drops what has no source any more. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle, isBundled } from "./bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const from = join(root, "src");
const to = join(root, "dist");

const compiled = spawnSync(join(root, "node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (compiled.error !== undefined) throw compiled.error;
process.exitCode = compiled.status ?? 1;

// dist is not emptied first: a server that runs from it may still have to load a file.
for (const file of filesIn(to)) {
  if (isBundled(relative(to, file))) continue;
  const source = relative(to, file).replace(/(\.d\.ts|\.js)$/, ".ts");
  if (!existsSync(join(from, source))) rmSync(file);
}
if (process.exitCode === 0) await bundle(to);
const bin = join(to, "cli", "bin.js");
if (existsSync(bin)) chmodSync(bin, 0o755);

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
