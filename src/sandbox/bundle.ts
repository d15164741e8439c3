/**
 * Collects a script and the modules that it imports, as texts, for a run somewhere else. By the loader of a run here, so
 * that what it refuses is refused before anything is sent: imports that leave the root, packages, what is no TypeScript.
 */
import { WilcoError } from "../core/errors.ts";
import { MAX_SCRIPT_SIZE, type ScriptFiles } from "../domain/script.ts";
import { importsOf } from "./imports.ts";
import { createLoader } from "./loader.ts";
import { LoadError, positionAt } from "./load-error.ts";
import { createTranspiler } from "./transpile.ts";

export interface Bundle {
  /** The script, one of `files`. */
  file: string;
  files: ScriptFiles;
  /** Where a module is imported whose name is only known when the script runs: "deploy.ts:3:9". */
  computed: string[];
}

/**
 * @param root absolute directory that imports may not leave.
 * @param file the script, absolute or relative to `root`.
 * @throws WilcoError `script_invalid` or `import_refused` with the place; `too_large`.
 */
export function bundleScript(root: string, file: string, cacheDirectory: string | undefined): Bundle {
  const loader = createLoader({ transpiler: createTranspiler({ cacheDirectory }) });
  try {
    return collect(loader, root, file);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    const { code, hint } = error.problem;
    throw new WilcoError({ code, message: error.message, hint, cause: error });
  }
}

function collect(loader: ReturnType<typeof createLoader>, root: string, file: string): Bundle {
  const main = loader.open(root, file);
  const files: ScriptFiles = {};
  const computed: string[] = [];
  /** Names, and whether all that is known of them are calls of import(), which a script may make in vain. */
  const found = new Map([[main, false]]);
  let size = 0;
  // A map's iteration goes on to what is added while it runs.
  for (const [name, called] of found) {
    const source = load(loader, name, called);
    // It is refused when it is called, or it is the package "wilco", which is everywhere.
    if (source === undefined) continue;
    files[name] = source;
    size += source.length;
    if (size > MAX_SCRIPT_SIZE) throw tooLarge(name);
    if (name.endsWith(".json")) continue;
    for (const { specifier, called: isCall, at } of importsOf(source)) {
      if (specifier === undefined) {
        const { line, column } = positionAt(name, source, at);
        computed.push(`${name}:${line}:${column}`);
        continue;
      }
      const imported = loader.resolve(name, specifier);
      if (!found.has(imported)) found.set(imported, isCall);
      // Imported by a statement too, it has to be there. What was skipped before is looked at again.
      else if (!isCall && found.get(imported) === true) {
        found.delete(imported);
        found.set(imported, false);
      }
    }
  }
  return { file: main, files, computed };
}

function load(loader: ReturnType<typeof createLoader>, name: string, called: boolean): string | undefined {
  try {
    loader.load(name);
  } catch (error) {
    if (called && error instanceof LoadError) return undefined;
    throw error;
  }
  return loader.sourceOf(name);
}

function tooLarge(name: string): WilcoError {
  return new WilcoError({
    code: "too_large",
    message: `The script and what it imports are larger than ${MAX_SCRIPT_SIZE / 1_048_576} MB, with ${name}`,
    hint: "Import less; large data is for the machine where it is used.",
  });
}
