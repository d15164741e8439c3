/** A type of a YAML file, for tests. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WilcoError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import { parseYaml } from "../core/yaml-file.ts";
import { listedProblems, problemLine } from "../core/yaml-places.ts";
import { createSchemaValidator } from "../domain/schema.ts";
import { parseResourceType } from "../resource-types/parse-type.ts";
import type { ResourceTypeDefinition } from "../resource-types/sdk.ts";

/**
 * @param file a path, or a URL: `new URL("disk.yaml", import.meta.url)`.
 * @param name which type, in a file that has several.
 * @throws WilcoError `invalid_inventory` with file, line and column of everything that is wrong with the type.
 */
export async function readType(file: string | URL, name?: string): Promise<ResourceTypeDefinition> {
  const path = typeof file === "string" ? file : fileURLToPath(file);
  const { value, placeOf } = await parseYaml(readFileSync(path, "utf8"), path);
  const types = isJsonObject(value) && isJsonObject(value["types"]) ? value["types"] : {};
  const names = Object.keys(types);
  const wanted = name ?? (names.length === 1 ? names[0]! : undefined);
  if (wanted === undefined || !Object.hasOwn(types, wanted)) {
    throw new WilcoError({
      code: "unknown_type",
      message: wanted === undefined ? `${path} has ${names.length} types` : `${path} has no type "${wanted}"`,
      hint: wanted === undefined ? `Name one of them: ${names.join(", ")}` : suggestion(wanted, names, "Types"),
    });
  }
  try {
    const descriptor = parseResourceType(wanted, types[wanted], { schemas: createSchemaValidator() });
    return { descriptor, handlers: {} };
  } catch (error) {
    const problems = listedProblems(error);
    if (problems === null) throw error;
    const lines = problems.map((one) => problemLine(path, one, placeOf));
    throw new WilcoError({
      code: "invalid_inventory",
      message: lines.join("\n"),
      details: { problems },
      cause: error,
    });
  }
}
