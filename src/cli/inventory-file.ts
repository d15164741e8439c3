/** An inventory file: YAML (or JSON, which is YAML) with `types`, `resources` and `groups`. */
import { readFileSync } from "node:fs";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import { whyUnreadable } from "../core/file-errors.ts";
import { WilcoError } from "../core/errors.ts";
import { parseYaml } from "../core/yaml-file.ts";
import { suggestion } from "../core/suggest.ts";
import { problemsIn, type PlaceOf } from "../core/yaml-places.ts";
import type { InventoryDocument } from "../protocol/messages.ts";
import type { Context } from "./context.ts";

const PARTS = ["types", "resources", "groups"];
const TOP = "It has types:, resources: and groups: at its top.";

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
    if (error instanceof WilcoError) throw error;
    throw invalid(`The inventory ${named} can't be read: ${whyUnreadable(error)}`, "Check the path.", error);
  }
  const { value, placeOf } = await parseYaml(text, named);
  if (!isJsonObject(value)) throw invalid(`${named} is not an inventory`, TOP);
  return { document: withKnownParts(value, named, placeOf), named, placeOf };
}

/** What else a request of the API may say (`prune`, `dryRun`) is for the person who types the command, not for a file. */
function withKnownParts(value: JsonObject, named: string, placeOf: PlaceOf): InventoryDocument {
  const problems = Object.entries(value).flatMap(([key, part]) => {
    if (!PARTS.includes(key)) return { path: key, message: "it is not a part of an inventory", hint: hintFor(key) };
    return part === null || isJsonObject(part)
      ? []
      : { path: key, message: "it must be an object of names", hint: `Write ${key}: { NAME: { … } }.` };
  });
  if (problems.length > 0) throw problemsIn("The inventory can't be read", named, placeOf, problems);
  // "groups:" with nothing below it.
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== null));
}

function hintFor(key: string): string {
  if (key === "prune") return "What may be removed is said by the command: --prune NAMES.";
  if (key === "dryRun") return "That is said by the command: --dry-run.";
  return suggestion(key, PARTS, "Its parts") ?? TOP;
}

function invalid(message: string, hint: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "invalid_inventory", message, hint, cause });
}
