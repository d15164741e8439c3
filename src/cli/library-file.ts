/** Files of this wilco that others load by their names, of src/ or dist/, whichever this is. */

/** The public API, `import … from "wilco"` in Node. */
export function libraryUrl(): string {
  return own("index");
}

/** What makes Node find "wilco" and "wilco/testing" for the tests of types. */
export function testHooksUrl(): string {
  return own("testing/hooks");
}

/** From a bundled chunk, one folder deep as this file is, the same words hold. */
function own(name: string): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`../${name}.${extension}`, import.meta.url).href;
}
