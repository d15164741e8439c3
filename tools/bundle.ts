/**
 * Bundles what has to start fast, in place: the command line, the sandbox's thread, and the modules that run inside the
 * VM. Loading 1,000 small files is most of a start-up: `wilco run` fell from 284 to 253 ms by it, `wilco run --local`
 * from 771 to 455 ms, in one run on one machine (docs/decisions/0005). The library (dist/index.js) stays as tsc wrote it.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtinsWhenCalled } from "./builtins.ts";
import { chunksOfStarts } from "./chunks.ts";
import { rolldown, type InputOptions, type OutputOptions, type RolldownOutput } from "rolldown";

/** Native, or found by their own files at run time, or the user's. */
const EXTERNAL = [/^node:/, /^better-sqlite3/, /^pg$/, /^ssh2/, /^amaro/, /^@jitl\//, /^typescript/];
const CHUNKS = "chunks";
const GUEST_CHUNKS = "sandbox/guest/chunks";
/** A server that runs from an older build may still have to load one of its chunks. */
const KEEP_CHUNKS_FOR = 24 * 3_600_000;

/** Files of the bundle that no source file stands for. */
export function isBundled(path: string): boolean {
  return path.startsWith(`${CHUNKS}/`) || path.startsWith(`${GUEST_CHUNKS}/`) || path === "third-party-licenses.txt";
}

export async function bundle(dist: string): Promise<void> {
  const host = await build(
    {
      input: inputs(dist, ["cli/bin", "sandbox/thread", "worker/handlers/main"]),
      platform: "node",
      external: EXTERNAL,
      plugins: [builtinsWhenCalled()],
      // Nobody imports from entries.
      preserveEntrySignatures: false,
    },
    {
      dir: dist,
      chunkFileNames: `${CHUNKS}/[name]-[hash].js`,
      codeSplitting: { groups: chunksOfStarts(dist) },
      minify: true,
      keepNames: true,
    },
  );
  // Names are kept as they are: they are what a script's author sees in messages.
  const guest = await build(
    { input: inputs(dist, ["sandbox/guest/main", "sandbox/guest/api", "sandbox/guest/started"]), platform: "neutral" },
    {
      dir: dist,
      chunkFileNames: `${GUEST_CHUNKS}/[name]-[hash].js`,
      minify: { mangle: false, compress: false, codegen: { removeWhitespace: true } },
    },
  );
  writeFileSync(join(dist, "third-party-licenses.txt"), licenses(host));
  const made = new Set([...host.output, ...guest.output].map((file) => join(dist, file.fileName)));
  for (const folder of [CHUNKS, GUEST_CHUNKS]) dropOldChunks(join(dist, folder), made);
}

function inputs(dist: string, names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, join(dist, `${name}.js`)]));
}

async function build(input: InputOptions, output: OutputOptions): Promise<RolldownOutput> {
  const made = await rolldown({ ...input, logLevel: "warn" });
  try {
    return await made.write({ format: "esm", entryFileNames: "[name].js", ...output });
  } finally {
    await made.close();
  }
}

/** The licence texts of the packages whose code is in the bundle. */
function licenses({ output }: RolldownOutput): string {
  const folders = new Set<string>();
  for (const file of output) {
    for (const module of file.type === "chunk" ? file.moduleIds : []) {
      const match = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module);
      if (match) folders.add(match[1]!);
    }
  }
  return [...folders]
    .toSorted()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<
        string,
        string
      >;
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), "utf8").trim();
      return `${name} ${version}\n\n${text}\n`;
    })
    .join(`\n${"-".repeat(80)}\n\n`);
}

function dropOldChunks(folder: string, made: ReadonlySet<string>): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name);
    if (!made.has(file) && Date.now() - statSync(file).mtimeMs > KEEP_CHUNKS_FOR) rmSync(file);
  }
}
