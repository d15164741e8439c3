/**
 * The pure modules of this package that run inside the VM: the client classes, what they import, and the guest side of
 * the bridge. They are read from where this very file lies (src/*.ts or dist/*.js), so that what a script runs is what
 * Node programs run.
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { LoadError } from "./load-error.ts";
import type { Transpiler } from "./transpile.ts";

/** Before the name of each module of this package inside the VM. */
export const PACKAGE = "wilco:";
const FOLDERS = ["core/", "domain/", "client/", "sandbox/guest/"];
const EXTENSION = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** The first module of the VM. */
export const GUEST_MAIN = `${PACKAGE}sandbox/guest/main${EXTENSION}`;
/** What `import … from "wilco"` gives. */
export const GUEST_API = `${PACKAGE}sandbox/guest/api${EXTENSION}`;

/**
 * Imported last by each module of a script: evaluated when the whole script is loaded and compiled and its first line is
 * due, so that "does not compile" can be told from "failed while it ran".
 */
export const GUEST_STARTED = `${PACKAGE}sandbox/guest/started${EXTENSION}`;

/** The name of what a module of this package imports. */
export function resolvePackageModule(base: string, specifier: string): string {
  return PACKAGE + posix.join(posix.dirname(base.slice(PACKAGE.length)), specifier);
}

/** @throws LoadError for anything outside the folders above. */
export function readPackageModule(name: string, transpiler: Transpiler): string {
  const path = name.slice(PACKAGE.length);
  if (path.includes("..") || !FOLDERS.some((folder) => path.startsWith(folder))) {
    throw new LoadError({ code: "import_refused", message: `There is no module ${JSON.stringify(name)}` });
  }
  const source = readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
  return EXTENSION === ".ts" ? transpiler.strip(source, name) : source;
}
