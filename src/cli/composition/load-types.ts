/** Resource types written in TypeScript: each .ts, .js and .mjs file of a directory or package exports one, or a list. */
import { readFileSync } from "node:fs";
import { basename, dirname, relative } from "node:path";
import { formatDuration } from "../../core/durations.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { problemLine } from "../../core/yaml-places.ts";
import { createSchemaValidator } from "../../domain/schema.ts";
import { builtinTypes } from "../../resource-types/builtin.ts";
import { problemsOfType } from "../../resource-types/check-type.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import { describeTypes, type DescribedFile, type DescribeOptions } from "../../worker/handlers/describe.ts";
import { importTypes, resolveOwnLibrary } from "../../worker/handlers/type-files.ts";
import type { Context } from "../context.ts";
import { libraryUrl } from "../library-file.ts";
import { placesInSource } from "../types/source-places.ts";

/** Loads them the first time, and again whenever the second function is called. */
export async function openTypes(typed: string | undefined, { cwd, output }: Pick<Context, "cwd" | "output">) {
  let generation = 0;
  const onSlow = (file: string, timeout: number) =>
    output.notice(`${relative(cwd, file)} does not come to its end; it gets ${formatDuration(timeout)}.`);
  return {
    types: await loadTypes(typed, cwd, { onSlow }),
    reloadTypes: () => loadTypes(typed, cwd, { onSlow, generation: ++generation }),
  };
}

interface LoadOptions {
  /** How often they were loaded before: what was imported into a process stays there under its name. Default 0. */
  generation?: number;
  onSlow?: DescribeOptions["onSlow"];
}

/**
 * The built-in types and those of a directory or package. The files are loaded by another process, which also runs their handlers
 * later; only types that ask for it are loaded into this one.
 * @throws WilcoError `invalid_request` naming the file.
 */
export async function loadTypes(
  typed: string | undefined,
  cwd: string,
  { generation = 0, onSlow }: LoadOptions = {},
): Promise<ResourceTypeDefinition[]> {
  const types = [...builtinTypes];
  if (typed === undefined) return types;
  const library = libraryUrl();
  const files = await describeTypes(typed, { library, cwd, ...(onSlow && { onSlow }) });
  refuseWrongTypes(files, cwd);
  for (const file of files) {
    for (const type of await definitionsOf(file, library, generation)) {
      const { name } = type.descriptor;
      if (types.some((known) => known.descriptor.name === name))
        throw invalid(`${basename(file.path)}: there are two resource types "${name}"`);
      types.push(type);
    }
  }
  return types;
}

/** The server would refuse them too, but it does not know the files. */
function refuseWrongTypes(files: readonly DescribedFile[], cwd: string): void {
  if (files.length === 0) return;
  const schemas = createSchemaValidator();
  const lines = files.flatMap(({ path, types }) => {
    const source = placesInSource(readFileSync(path, "utf8"));
    return types.flatMap(({ descriptor }) =>
      problemsOfType(descriptor, schemas).map((problem) =>
        problemLine(relative(cwd, path), { ...problem, path: `${descriptor.name}.${problem.path}` }, () =>
          source(problem.path),
        ),
      ),
    );
  });
  if (lines.length === 0) return;
  throw new WilcoError({
    code: "invalid_request",
    message:
      lines.length === 1 ? lines[0]! : `${lines.length} things are wrong with the types:\n  ${lines.join("\n  ")}`,
    hint: `Correct them, and see what is left with: wilco types check ${relative(cwd, dirname(files[0]!.path)) || "."}`,
  });
}

async function definitionsOf(
  { path, types }: DescribedFile,
  library: string,
  generation: number,
): Promise<ResourceTypeDefinition[]> {
  const here = types.some(({ inProcess }) => inProcess) ? await importHere(path, library, generation) : [];
  return types.map(({ descriptor, inProcess }) => {
    const own = here.find((type) => type.descriptor.name === descriptor.name);
    return inProcess && own ? own : { descriptor, handlers: {}, source: { file: path, library, generation } };
  });
}

async function importHere(path: string, library: string, generation: number): Promise<ResourceTypeDefinition[]> {
  try {
    resolveOwnLibrary(library);
    return await importTypes(path, generation);
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
