/** Resource types written in TypeScript: every .ts, .js and .mjs file of a directory exports one (or a list) by default. */
import { basename } from "node:path";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { builtinTypes } from "../../resource-types/builtin.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import { describeTypes, type DescribedFile } from "../../worker/handlers/describe.ts";
import { importTypes, resolveOwnLibrary } from "../../worker/handlers/type-files.ts";
import { libraryUrl } from "../library-file.ts";

/**
 * The built-in types and those of the directory. The files are loaded by another process, which also runs their handlers
 * later; only types that ask for it are loaded into this one.
 * @throws WilcoError `invalid_request` naming the file.
 */
export async function loadTypes(directory: string | undefined): Promise<ResourceTypeDefinition[]> {
  const types = [...builtinTypes];
  if (directory === undefined) return types;
  const library = libraryUrl();
  for (const file of await describeTypes(directory, { library })) {
    for (const type of await definitionsOf(file, library)) {
      const { name } = type.descriptor;
      if (types.some((known) => known.descriptor.name === name))
        throw invalid(`${basename(file.path)}: there are two resource types "${name}"`);
      types.push(type);
    }
  }
  return types;
}

async function definitionsOf({ path, types }: DescribedFile, library: string): Promise<ResourceTypeDefinition[]> {
  const here = types.some(({ inProcess }) => inProcess) ? await importHere(path, library) : [];
  return types.map(({ descriptor, inProcess }) => {
    const own = here.find((type) => type.descriptor.name === descriptor.name);
    return inProcess && own ? own : { descriptor, handlers: {}, source: { file: path, library } };
  });
}

async function importHere(path: string, library: string): Promise<ResourceTypeDefinition[]> {
  try {
    resolveOwnLibrary(library);
    return await importTypes(path);
  } catch (error) {
    throw invalid(`${path} does not load: ${messageOf(error)}`, error);
  }
}

function invalid(why: string, cause?: unknown): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `--types: ${why}`,
    hint: "A file of resource types has: export default defineResourceType({ … })",
    cause,
  });
}
