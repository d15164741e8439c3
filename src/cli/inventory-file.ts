/** An inventory file: YAML (or JSON, which is YAML) with `types`, `resources` and `groups`. */
import { readFileSync } from "node:fs";
import { isJsonObject } from "../core/json.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import { parseYaml } from "../core/yaml-file.ts";
import type { PlaceOf } from "../core/yaml-places.ts";
import type { InventoryDocument } from "../protocol/messages.ts";
import type { Context } from "./context.ts";

export interface InventoryFile {
  document: InventoryDocument;
  /** As problems name it: the path as it was typed, or "stdin". */
  named: string;
  placeOf: PlaceOf;
}

/**
 * Reads and parses it; what the parts mean is the server's to check.
 * @param file a path, or "-" for stdin.
 * @throws WilcoError `invalid_inventory`: not readable, not YAML, a name twice: with line and column.
 */
export async function readPlacedInventory(context: Context, file: string): Promise<InventoryFile> {
  const named = file === "-" ? "stdin" : file;
  let text: string;
  try {
    text = file === "-" ? await context.readStdin() : readFileSync(context.path(file), "utf8");
  } catch (error) {
    throw invalid(`The inventory ${named} can't be read: ${messageOf(error)}`, "Check the path.", error);
  }
  const { value, placeOf } = await parseYaml(text, named);
  if (!isJsonObject(value))
    throw invalid(`${named} is not an inventory`, "It has types:, resources: and groups: at its top.");
  return { document: value, named, placeOf };
}

function invalid(message: string, hint: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "invalid_inventory", message, hint, cause });
}
