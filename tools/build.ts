/**
 * Compiles src/ into dist/: runs tsc (about a second, so always the whole), drops what has no source any more, and puts
 * an empty database beside the code that opens one.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../src/database/database.ts";
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
if (process.exitCode === 0) {
  await bundle(to);
  await makeEmptyDatabase(join(to, "database", "empty.db"));
}
const bin = join(to, "cli", "bin.js");
if (existsSync(bin)) chmodSync(bin, 0o755);

async function makeEmptyDatabase(file: string): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "wilco-build-"));
  try {
    const database = await openDatabase({ dataDir });
    await database.close();
    mkdirSync(dirname(file), { recursive: true });
    // Another build may be at it as well.
    copyFileSync(join(dataDir, "wilco.db"), `${file}.${process.pid}`);
    renameSync(`${file}.${process.pid}`, file);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
