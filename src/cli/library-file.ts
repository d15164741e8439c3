/** The file of the public API, `import … from "wilco"` in Node. */

/** Of src/ or dist/, whichever this is; from a bundled chunk, one folder deep as this file is, the same words hold. */
export function libraryUrl(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`../index.${extension}`, import.meta.url).href;
}
