/** The file that a background process is started with. */
import { fileURLToPath } from "node:url";

/** Of src/ or dist/, whichever this is; from a bundled chunk, one folder deep as this file is, the same words hold. */
export function entryFile(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../cli/bin.${extension}`, import.meta.url));
}
