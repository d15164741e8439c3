/** Which files a directory, an npm package or a path of resource types stands for. Nothing is downloaded. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/json.ts";

export interface TypeFiles {
  /** .ts, .js and .mjs, absolute, in order. */
  code: string[];
  /** .yaml and .yml: applied with an inventory, never loaded by a worker. */
  yaml: string[];
}

const CODE = /\.(ts|js|mjs)$/;
const NOT_TYPES = /\.(d|test|spec)\.(ts|js|mjs)$/;
const YAML = /\.ya?ml$/;
const PACKAGE_NAME = /^(@[\w.-]+\/)?[\w][\w.-]*$/;

/**
 * @param typed a file; a directory: all its files, or those that `wilco.types` of its package.json names; or the name of
 *   a package in a node_modules of `cwd` or above it, whose package.json names them.
 * @throws WilcoError `invalid_request` with the file and key that is wrong.
 */
export function findTypeFiles(typed: string, cwd: string): TypeFiles {
  const path = resolve(cwd, typed);
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind?.isFile()) return sorted([path]);
  if (kind?.isDirectory()) {
    const named = packageFiles(path);
    return sorted(named ?? filesIn(path));
  }
  const directory = PACKAGE_NAME.test(typed) ? installed(typed, cwd) : undefined;
  if (directory === undefined) throw notFound(typed, path);
  const named = packageFiles(directory);
  if (named) return sorted(named);
  throw invalid(
    `${join(directory, "package.json")} has no "wilco": { "types": [ … ] }`,
    "The package names the files of its types there; is it the right package?",
  );
}

function sorted(files: string[]): TypeFiles {
  const code = files.filter((file) => CODE.test(file) && !NOT_TYPES.test(file));
  for (const file of code) refuseUncompiled(file);
  return { code, yaml: files.filter((file) => YAML.test(file)) };
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
      .toSorted()
      .map((name) => join(directory, name));
  } catch (error) {
    throw invalid(`${directory} can't be read: ${messageOf(error)}`);
  }
}

/** null when there is no package.json, or one that names no types: a directory that happens to be a package. */
function packageFiles(directory: string): string[] | null {
  const file = join(directory, "package.json");
  if (!existsSync(file)) return null;
  const wilco = readJson(file)["wilco"];
  const types = isJsonObject(wilco) ? wilco["types"] : undefined;
  if (types === undefined) return null;
  const names = [types].flat() as unknown[];
  const hint = 'Write "wilco": { "types": ["./types/cache.js"] }';
  if (names.length === 0) throw invalid(`${file}: wilco.types is empty`, hint);
  return names.flatMap((name, index) => {
    const key = Array.isArray(types) ? `wilco.types[${index}]` : "wilco.types";
    if (typeof name !== "string")
      throw invalid(`${file}: ${key} must be a text, a file or directory of the package`, hint);
    const path = resolve(directory, name);
    if (relative(directory, path).split(sep)[0] === "..")
      throw invalid(`${file}: ${key} leads out of the package: ${name}`, hint);
    const kind = statSync(path, { throwIfNoEntry: false });
    if (!kind) throw invalid(`${file}: ${key} names ${name}, which is not there`, "Is the package built?");
    return kind.isDirectory() ? filesIn(path) : [path];
  });
}

function readJson(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (isJsonObject(value)) return value;
  } catch (error) {
    throw invalid(`${file} can't be read: ${messageOf(error)}`, "Correct the file.");
  }
  throw invalid(`${file} is not an object`, "Correct the file.");
}

/** As Node looks: in node_modules of the directory, then of those above it. */
function installed(name: string, cwd: string): string | undefined {
  for (let at = resolve(cwd); ; at = dirname(at)) {
    const directory = join(at, "node_modules", name);
    if (existsSync(join(directory, "package.json"))) return directory;
    if (dirname(at) === at) return undefined;
  }
}

/** Node strips no types below node_modules, and says so in words that help nobody here. */
function refuseUncompiled(file: string): void {
  if (!file.endsWith(".ts") || !realpathSync(file).includes(`${sep}node_modules${sep}`)) return;
  throw invalid(
    `${file} is TypeScript, which Node does not load from node_modules`,
    "The package has to be published with compiled files: .js or .mjs.",
  );
}

function notFound(typed: string, path: string): WilcoError {
  if (!PACKAGE_NAME.test(typed))
    return invalid(`${path} is not there`, "Name a directory, a file, or an installed package.");
  return invalid(
    `There is neither a directory nor an installed package ${JSON.stringify(typed)}`,
    `Correct the path, or install the package here: npm install ${typed}`,
  );
}

function invalid(why: string, hint = "Check the path."): WilcoError {
  return new WilcoError({ code: "invalid_request", message: why, hint });
}
