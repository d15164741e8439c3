/** The text of a YAML file as a value, with where each part of it stands. */
import { WilcoError } from "./errors.ts";
import { createPlaces, type PlaceOf } from "./yaml-places.ts";

export interface YamlFile {
  value: unknown;
  placeOf: PlaceOf;
}

/**
 * @param named what messages call it.
 * @throws WilcoError `invalid_inventory`: not YAML, or a name twice, with line and column.
 */
export async function parseYaml(text: string, named: string): Promise<YamlFile> {
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  // Without uniqueKeys the last of two resources of one name would win without a word.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const problem = document.errors[0];
  if (problem) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const twice = problem.code === "DUPLICATE_KEY";
    throw new WilcoError({
      code: "invalid_inventory",
      message: twice
        ? `${named}:${line}:${col}: the name ${JSON.stringify(keyAt(text, problem.pos[0]))} is there twice`
        : `${named}:${line}:${col} is not YAML: ${problem.message}`,
      hint: twice ? "Names are unique: rename one of them or remove it." : "Correct that line.",
    });
  }
  // A few anchors must not unfold into gigabytes.
  return { value: document.toJS({ maxAliasCount: 1_000 }) ?? {}, placeOf: createPlaces(document, lines) };
}

function keyAt(text: string, at: number): string {
  return /^["']?([^"':\n]+)/.exec(text.slice(at))?.[1]?.trim() ?? "";
}
