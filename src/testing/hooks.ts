/** `node --import` this: `import … from "wilco"` and from "wilco/testing" are this wilco then, wherever the file is. */
import { registerHooks } from "node:module";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
const own: Record<string, string> = {
  wilco: new URL(`../index.${extension}`, import.meta.url).href,
  "wilco/testing": new URL(`../testing.${extension}`, import.meta.url).href,
};

registerHooks({
  resolve(specifier, context, next) {
    const url = own[specifier];
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true };
  },
});
