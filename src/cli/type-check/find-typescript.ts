/** The user's own TypeScript: the one their editor uses. wilco brings none. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { WilcoError } from "../../core/errors.ts";

export interface TypeScript {
  version: string;
  /** Its compiler, a JavaScript file. */
  tsc: string;
}

/** The first with `erasableSyntaxOnly`, without which what the sandbox refuses would pass. */
const OLDEST = [5, 8] as const;
const INSTALL = "npm install --save-dev typescript";

/**
 * As a program in `folder` would find it, else as one at `beside` would.
 * @param beside a file. Default: this one, that is the TypeScript beside wilco.
 * @throws WilcoError `invalid_request` when there is none, or it is too old.
 */
export function findTypeScript(folder: string, beside = import.meta.url): TypeScript {
  const found = resolveFrom(join(folder, "script.js")) ?? resolveFrom(beside);
  if (found === undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: `There is no TypeScript to check with, neither in ${folder} nor beside wilco`,
      hint: `Install it there: ${INSTALL}`,
    });
  }
  const { version, bin } = JSON.parse(readFileSync(found, "utf8")) as { version: string; bin: { tsc: string } };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new WilcoError({
      code: "invalid_request",
      message: `TypeScript ${version} in ${dirname(found)} is too old to check scripts`,
      hint: `It takes ${OLDEST.join(".")} or newer: ${INSTALL}@latest`,
    });
  }
  return { version, tsc: join(dirname(found), bin.tsc) };
}

function resolveFrom(place: string): string | undefined {
  try {
    return createRequire(place).resolve("typescript/package.json");
  } catch {
    return undefined; // Not installed there: the caller says so when nowhere has it.
  }
}
