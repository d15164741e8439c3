/**
 * TypeScript to JavaScript by blanking out the types: every line and column stays where it was, so no source maps.
 *
 * Loading the stripper costs 50 to 90 ms, more than everything else a run does before its first line: stripped text is
 * kept by content hash in the user's cache directory, and the stripper is loaded for what is not there.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { makeDirectory } from "../core/make-directory.ts";
import { LoadError } from "./load-error.ts";

export interface Transpiler {
  /** @throws LoadError `script_invalid` with the position of what can't be stripped. */
  strip(source: string, file: string): string;
}

export interface TranspilerOptions {
  /** Where stripped text is kept; undefined = nowhere. */
  cacheDirectory: string | undefined;
}

/** What the stripper throws: a plain object, not an Error. Columns count from 0. */
interface StripFailure {
  message: string;
  code: string;
  startLine: number;
  startColumn: number;
}

type Strip = (source: string, options: { mode: "strip-only" }) => { code: string };

/** Part of the key: text stripped by another version is not taken. Bump it with the amaro dependency. */
const STRIPPER = "amaro-1.2.1";

export function createTranspiler({ cacheDirectory }: TranspilerOptions): Transpiler {
  let transform: Strip | undefined;

  function fresh(source: string, file: string): string {
    // require, not import(): loading happens in the middle of a synchronous call of the engine.
    transform ??= (createRequire(import.meta.url)("amaro") as { transformSync: Strip }).transformSync;
    try {
      return transform(source, { mode: "strip-only" }).code;
    } catch (error) {
      throw explain(error as StripFailure, file);
    }
  }

  return {
    strip(source, file) {
      if (cacheDirectory === undefined) return fresh(source, file);
      const key = createHash("sha256").update(STRIPPER).update("\0").update(source).digest("hex");
      const path = join(cacheDirectory, "stripped", key.slice(0, 2), `${key}.js`);
      const cached = readCached(path);
      if (cached !== undefined) return cached;
      const code = fresh(source, file);
      writeCached(path, code);
      return code;
    },
  };
}

function readCached(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // Not there, or not readable: either way it is stripped anew.
  }
}

function writeCached(path: string, code: string): void {
  const part = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    makeDirectory(dirname(path), 0o700);
    writeFileSync(part, code, { mode: 0o600 });
    renameSync(part, path); // Another process may write the same text at the same time: a reader sees all or nothing.
  } catch {
    // A read-only or full cache costs time, not correctness.
    removeQuietly(part);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nor does a left-over in it.
  }
}

/** For each construct that has a meaning at run time: what is found in the stripper's message, and what to write. */
const INSTEAD: Array<[RegExp, string, string]> = [
  [
    /enum/,
    "TypeScript's enum can't be run by removing types",
    'Write `const Color = { Red: "red", Blue: "blue" } as const;`.',
  ],
  [
    /namespace|`module` keyword/,
    "TypeScript's namespace can't be run by removing types",
    "Put its contents into a module of its own and export them, or write an object.",
  ],
  [
    /parameter property/,
    "a parameter property can't be run by removing types",
    "Declare the field in the class and assign it in the constructor: `this.name = name;`.",
  ],
  [/import equals/, "`import x = require()` can't be run by removing types", 'Write `import x from "./x.ts";`.'],
  [/export assignment/, "`export =` can't be run by removing types", "Write `export default`."],
  [/angle-bracket/, "a type assertion in angle brackets can't be told from JSX", "Write `value as Type`."],
];

function explain(failure: StripFailure, file: string): LoadError {
  const position = { file, line: failure.startLine, column: failure.startColumn + 1 };
  const known =
    failure.code === "UnsupportedSyntax" ? INSTEAD.find(([pattern]) => pattern.test(failure.message)) : undefined;
  return new LoadError({
    code: "script_invalid",
    message: known ? known[1] : failure.message,
    hint: known?.[2],
    position,
  });
}
