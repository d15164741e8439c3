/**
 * Modules of a script: relative `.ts`, `.js` and `.json` files inside the script's root, and "wilco". Everything else is
 * refused with the reason. A module's name inside the VM is its path relative to the root, so stacks show `lib/a.ts:3:7`
 * and no path of this machine gets in.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix, relative, resolve, sep } from "node:path";
import { suggestion } from "../core/suggest.ts";
import { LoadError, positionAt } from "./load-error.ts";
import type { LoadProblem, SourcePosition } from "./load-error.ts";
import { GUEST_API, GUEST_STARTED, PACKAGE, readPackageModule, resolvePackageModule } from "./package-modules.ts";
import type { Transpiler } from "./transpile.ts";

/** Names what can't be imported, so that the loader, which may throw, refuses it (see engine.ts). */
export const REFUSED = "refused:";
const EXTENSIONS = [".ts", ".js", ".json", ".mts", ".mjs"];
const GUESSES = [".ts", ".js", ".json", "/index.ts", "/index.js"];
const MAX_SOURCE = 4 * 1024 * 1024;
const MAX_MODULES = 1_000;

export interface Loader {
  /** Sets the script's root (an absolute directory) and gives the module name of its main file. @throws LoadError. */
  open(root: string, file: string): string;
  /** Sets the root for lines that import, when there is no main file. @throws Error when there is no such directory. */
  openFolder(root: string): void;
  /** The full name of a module; never throws. */
  resolve(base: string, specifier: string): string;
  /** The JavaScript of a module. @throws LoadError. */
  load(name: string): string;
  /** The text of a module as its author wrote it. */
  sourceOf(name: string): string | undefined;
  /** The texts of all modules that were loaded, by name. */
  sources(): Iterable<readonly [file: string, source: string]>;
}

export function createLoader({ transpiler }: { transpiler: Transpiler }): Loader {
  let root = "";
  const sources = new Map<string, string>();

  /** The root-relative name of an existing file, or why there is none. */
  function find(path: string): string | LoadProblem {
    const candidates = EXTENSIONS.some((extension) => path.endsWith(extension)) ? [path] : [];
    // TypeScript's own convention: "./a.js" may stand for a.ts.
    if (path.endsWith(".js")) candidates.push(`${path.slice(0, -3)}.ts`);
    candidates.push(...GUESSES.map((guess) => path + guess));
    for (const candidate of candidates) {
      const absolute = resolve(root, candidate);
      if (!statSync(absolute, { throwIfNoEntry: false })?.isFile()) continue;
      const inside = relative(root, realpathSync(absolute));
      if (inside.startsWith("..") || resolve(root, inside) !== realpathSync(absolute)) {
        return refusal(`${path} is a link that leaves the script's folder`, "Copy the file into the folder.");
      }
      return inside.split(sep).join("/");
    }
    return refusal(
      `there is no file ${path}`,
      "A path starts at the file that imports it; .ts, .js and .json can be imported.",
    );
  }

  function problemOf(base: string, specifier: string): LoadProblem {
    const problem = whyRefused(base, specifier) ?? find(joined(base, specifier));
    return typeof problem === "string" ? refusal(`${specifier} can't be imported`) : problem;
  }

  function readSource(name: string): string {
    const path = resolve(root, name);
    if (sources.size >= MAX_MODULES) throw new LoadError(refusal(`the script has more than ${MAX_MODULES} modules`));
    if (statSync(path).size > MAX_SOURCE) {
      throw new LoadError({ code: "script_invalid", message: `${name} is larger than 4 MB` });
    }
    const source = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
    const nul = source.indexOf("\0");
    if (nul >= 0) {
      const position = positionAt(name, source, nul);
      throw new LoadError({
        code: "script_invalid",
        message: "there is a NUL character in the file",
        hint: "Is it a text file?",
        position,
      });
    }
    sources.set(name, source);
    return source;
  }

  return {
    open(directory, file) {
      root = realpathSync(directory);
      const absolute = resolve(directory, file);
      if (!EXTENSIONS.some((extension) => absolute.endsWith(extension) && extension !== ".json")) {
        throw new LoadError({
          code: "script_invalid",
          message: `${file} is not a script`,
          hint: "A script's name ends in .ts or .js.",
        });
      }
      const found = find(relative(root, realpathOr(absolute)));
      if (typeof found === "string") return found;
      throw new LoadError({ ...found, code: "script_invalid" });
    },

    openFolder(directory) {
      root = realpathSync(directory);
    },

    resolve(base, specifier) {
      if (base === "<boot>" || specifier === GUEST_STARTED) return specifier;
      if (base.startsWith(PACKAGE)) {
        if (specifier.startsWith("script:")) return specifier.slice("script:".length);
        return resolvePackageModule(base, specifier);
      }
      if (specifier === "wilco") return GUEST_API;
      try {
        const found = whyRefused(base, specifier) ?? find(joined(base, specifier));
        if (typeof found === "string") return found;
      } catch {
        // A file that vanishes or can't be read between two calls: the loader meets it again and says so.
      }
      return REFUSED + JSON.stringify([base, specifier]);
    },

    load(name) {
      if (name.startsWith(REFUSED)) {
        const [base, specifier] = JSON.parse(name.slice(REFUSED.length)) as [string, string];
        const problem = problemOf(base, specifier);
        throw new LoadError({ ...problem, position: importPosition(base, specifier, sources.get(base)) });
      }
      if (name.startsWith(PACKAGE)) return readPackageModule(name, transpiler);
      const source = readSource(name);
      if (name.endsWith(".json")) return jsonModule(name, source);
      const code = /\.m?ts$/.test(name) ? transpiler.strip(source, name) : source;
      return `${code}\nimport ${JSON.stringify(GUEST_STARTED)};\n`;
    },

    sourceOf: (name) => sources.get(name),
    sources: () => sources,
  };
}

function refusal(message: string, hint?: string): LoadProblem {
  return { code: "import_refused", message, hint };
}

function joined(base: string, specifier: string): string {
  return posix.join(posix.dirname(base), specifier);
}

/** Why a specifier is not looked for at all. @param base the importing module's name, relative to the root. */
export function whyRefused(base: string, specifier: string): LoadProblem | undefined {
  if (specifier.includes("\0")) return refusal("the name of the module has a NUL character in it");
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    if (joined(base, specifier).startsWith("..")) {
      return refusal(
        `${specifier} is outside the script's folder`,
        "A script imports files of its own folder only; run one further up, or move the file.",
      );
    }
    return undefined;
  }
  if (specifier.startsWith("/") || /^[A-Za-z]:[\\/]/.test(specifier)) {
    return refusal(`${specifier} is an absolute path`, 'Write a relative one: "./lib/util.ts".');
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(specifier)?.[1];
  if (scheme === "node" || isBuiltin(specifier)) {
    return refusal(
      `${specifier} is a module of Node's, and scripts do not run in Node`,
      'What a script may use is exported by "wilco"; files, processes and the network are reached through resources.',
    );
  }
  if (scheme !== undefined) {
    return refusal(
      `${scheme}: can't be imported from`,
      "Save the file in the script's folder and import it by a relative path.",
    );
  }
  const near = suggestion(specifier, ["wilco"]);
  return refusal(
    `${specifier} is a package, and scripts have no packages`,
    near?.startsWith("Did") ? near : 'Import "wilco", or a file by a relative path: "./util.ts".',
  );
}

/** Where the import stands: the engine does not say, so the quoted name is looked for. */
function importPosition(base: string, specifier: string, source: string | undefined): SourcePosition | undefined {
  if (source === undefined) return undefined;
  const quoted = [JSON.stringify(specifier), `'${specifier}'`, `\`${specifier}\``].map((text) => source.indexOf(text));
  const at = quoted.filter((offset) => offset >= 0).toSorted((a, b) => a - b)[0];
  return at === undefined ? undefined : positionAt(base, source, at);
}

function jsonModule(name: string, source: string): string {
  try {
    JSON.parse(source);
  } catch (error) {
    // The message names no path: JSON.parse knows only the text.
    throw new LoadError({ code: "script_invalid", message: `${name} is not JSON: ${(error as Error).message}` });
  }
  // Not as an object literal: there a key "__proto__" would set the prototype.
  return `export default JSON.parse(${JSON.stringify(source)});`;
}

function realpathOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
