/** Resource types written in TypeScript: every .ts, .js and .mjs file of a directory exports one (or a list) by default. */
import { readdirSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { builtinTypes } from "../../resource-types/builtin.ts";
import { libraryUrl } from "../library-file.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";

/** The built-in types and those of the directory. @throws WilcoError `invalid_request` naming the file. */
export async function loadTypes(directory: string | undefined): Promise<ResourceTypeDefinition[]> {
  const types = [...builtinTypes];
  if (directory === undefined) return types;
  resolveOwnLibrary();
  for (const file of typeFiles(directory)) {
    for (const type of await importTypes(join(directory, file))) {
      const { name } = type.descriptor;
      if (types.some((known) => known.descriptor.name === name))
        throw invalid(`${file}: there are two resource types "${name}"`);
      types.push(type);
    }
  }
  return types;
}

/**
 * `import … from "wilco"` is this wilco, wherever the directory is: nothing has to be installed above it, and another
 * version that is would bring classes that this one does not know. Stays for imports that a handler makes later.
 */
function resolveOwnLibrary(): void {
  const url = libraryUrl();
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "wilco" ? { url, shortCircuit: true } : next(specifier, context),
  });
}

function typeFiles(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((file) => /\.(ts|js|mjs)$/.test(file) && !file.endsWith(".d.ts"))
      .toSorted();
  } catch (error) {
    throw invalid(`${directory} can't be read: ${messageOf(error)}`);
  }
}

async function importTypes(path: string): Promise<ResourceTypeDefinition[]> {
  let exported: unknown;
  try {
    ({ default: exported } = (await import(pathToFileURL(path).href)) as { default?: unknown });
  } catch (error) {
    throw invalid(`${path} does not load: ${messageOf(error)}`, error);
  }
  const types = [exported].flat();
  if (types.length > 0 && types.every(isType)) return types;
  throw invalid(`${path} has no resource type as its default export`);
}

function isType(value: unknown): value is ResourceTypeDefinition {
  return typeof value === "object" && value !== null && "descriptor" in value && "handlers" in value;
}

function invalid(why: string, cause?: unknown): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `--types: ${why}`,
    hint: "A file of resource types has: export default defineResourceType({ … })",
    cause,
  });
}
