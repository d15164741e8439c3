/** The part of a types file that is the same for every server. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The texts of types/wilco.d.ts and types/globals.d.ts, which stand beside src/ and dist/ alike. */
export function readBaseTypes(): string {
  return ["wilco.d.ts", "globals.d.ts"]
    .map((name) => readFileSync(fileURLToPath(new URL(`../../types/${name}`, import.meta.url)), "utf8"))
    .join("\n");
}
