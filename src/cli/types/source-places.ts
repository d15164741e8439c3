/** Where in a file of TypeScript a key of a type stands, as near as the text tells without its syntax tree. */
import type { PlaceOf } from "../../core/yaml-places.ts";

/** Follows the keys of a path through the text, each behind the one before; those that are not written are passed by. */
export function placesInSource(text: string): PlaceOf {
  return (path) => {
    let at = -1;
    for (const key of path.split(/[.[\]]+/).filter((part) => part !== "")) {
      const found = new RegExp(`(?<![\\w$.])["']?${escaped(key)}["']?\\s*[:(]`, "g");
      found.lastIndex = at + 1;
      const match = found.exec(text);
      if (match) at = match.index;
    }
    if (at < 0) return null;
    const before = text.slice(0, at).split("\n");
    return { line: before.length, column: before.at(-1)!.length + 1 };
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
