/** Files that export resource types written in TypeScript or JavaScript. */
import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";

/**
 * `import … from "wilco"` is this wilco, wherever the file is: nothing has to be installed above it, and another version
 * that is would bring classes that this one does not know. Stays for imports that a handler makes later.
 */
export function resolveOwnLibrary(library: string): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "wilco" ? { url: library, shortCircuit: true } : next(specifier, context),
  });
}

/**
 * @param generation above 0: imported anew, the file itself though not what it imports.
 * @throws whatever the file throws; Error when it exports no type, or something else.
 */
export async function importTypes(path: string, generation = 0): Promise<ResourceTypeDefinition[]> {
  const { default: exported } = (await import(
    `${pathToFileURL(path).href}${generation === 0 ? "" : `?${generation}`}`
  )) as { default?: unknown };
  const types = [exported].flat();
  if (types.length > 0 && types.every(isType)) return types;
  throw new Error("it has no resource type as its default export");
}

function isType(value: unknown): value is ResourceTypeDefinition {
  return typeof value === "object" && value !== null && "descriptor" in value && "handlers" in value;
}
