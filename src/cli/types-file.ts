/** The types file of a scripts folder: made from a server, written where it replaces nobody's own file, and found again. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Api } from "../client/api.ts";
import { createNodePort } from "../client/node-port.ts";
import { WilcoError } from "../core/errors.ts";
import { whyUnwritable } from "../core/file-errors.ts";
import { readBaseTypes } from "../typegen/base-types.ts";
import { generateTypes, TYPES_FILE_MARK } from "../typegen/generate.ts";

export const TYPES_FILE = "wilco.d.ts";

export interface LiveTypes {
  text: string;
  types: number;
  resources: number;
}

/** The types of the server as they are now. */
export async function readLiveTypes(api: Api, anyName = false): Promise<LiveTypes> {
  const port = createNodePort({ api });
  try {
    const [{ items }, resources] = await Promise.all([api.types(), port.lookup.resources("")]);
    const text = generateTypes({ base: readBaseTypes(), types: items, resources, anyName });
    return { text, types: items.length, resources: resources.length };
  } finally {
    port.close();
  }
}

/** The script API alone: operations are of type `any`, names are not checked. */
export function baseTypes(): string {
  return generateTypes({ base: readBaseTypes(), types: [], resources: [] });
}

/** @throws WilcoError `conflict` for a file that wilco did not make; `invalid_request` when it can't be written. */
export function writeTypesFile(path: string, text: string): void {
  try {
    if (existsSync(path) && !readFileSync(path, "utf8").startsWith(TYPES_FILE_MARK)) {
      throw new WilcoError({
        code: "conflict",
        message: `${path} was not made by wilco typegen, so it is left alone`,
        hint: "Name another file with -o FILE, or remove that one.",
      });
    }
    writeFileSync(path, text);
  } catch (error) {
    if (error instanceof WilcoError) throw error;
    throw new WilcoError({
      code: "invalid_request",
      message: `The types can't be written to ${path}: ${whyUnwritable(error)}`,
      hint: "Name a file in a directory that exists: -o FILE, or - for stdout.",
      cause: error,
    });
  }
}

/** The nearest types file, in `folder` or above it. */
export function findTypesFile(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, TYPES_FILE);
    if (existsSync(path)) return path;
    if (dirname(at) === at) return undefined;
  }
}
