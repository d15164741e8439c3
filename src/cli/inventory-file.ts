/** An inventory file: YAML (or JSON, which is YAML) with `types`, `resources` and `groups`. */
import { readFileSync } from "node:fs";
import { isJsonObject } from "../core/json.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import type { InventoryDocument } from "../protocol/messages.ts";
import type { Context } from "./context.ts";
import { createPlaces, type PlaceOf } from "./yaml-places.ts";

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
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  // Without uniqueKeys the last of two resources of one name would win without a word.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const twice = problem.code === "DUPLICATE_KEY";
    throw invalid(
      twice
        ? `${named}:${line}:${col}: the name ${JSON.stringify(keyAt(text, problem.pos[0]))} is there twice`
        : `${named}:${line}:${col} is not YAML: ${problem.message}`,
      twice ? "Names are unique: rename one of them or remove it." : "Correct that line.",
    );
  }
  // A few anchors must not unfold into gigabytes.
  const value: unknown = document.toJS({ maxAliasCount: 1_000 }) ?? {};
  if (!isJsonObject(value))
    throw invalid(`${named} is not an inventory`, "It has types:, resources: and groups: at its top.");
  return { document: value, named, placeOf: createPlaces(document, lines) };
}

function keyAt(text: string, at: number): string {
  return /^["']?([^"':\n]+)/.exec(text.slice(at))?.[1]?.trim() ?? "";
}

function invalid(message: string, hint: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "invalid_inventory", message, hint, cause });
}
