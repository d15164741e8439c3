import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const source = resolve(import.meta.dirname, "../../src");

/** Every file that importing `file` loads, and every import that leaves the source tree. */
function loads(file: string, seen = new Set<string>(), foreign = new Set<string>()) {
  if (seen.has(file)) return { seen, foreign };
  seen.add(file);
  const text = readFileSync(file, "utf8");
  for (const [statement, from] of text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)";/gm)) {
    if (/^(import|export) type\b/.test(statement)) continue;
    if (from!.startsWith(".")) loads(resolve(dirname(file), from!), seen, foreign);
    else foreign.add(from!);
  }
  return { seen, foreign };
}

test("the script API loads nothing of Node's or of npm, so that the sandbox can run the very same files", () => {
  const { seen, foreign } = loads(resolve(source, "client/script-api.ts"));
  const files = [...seen].map((file) => relative(source, file));
  expect([...foreign]).toEqual([]);
  expect(files).toContain("client/execution.ts");
  expect(files.filter((file) => !/^(client|core|domain)\//.test(file))).toEqual([]);
  expect(files).not.toContain("core/ids.ts");
});

test("importing the public API loads neither the server's schemas nor the HTTP library", () => {
  const { seen, foreign } = loads(resolve(source, "index.ts"));
  expect([...foreign].filter((name) => !name.startsWith("node:"))).toEqual([]);
  expect([...seen].filter((file) => file.endsWith("schemas.ts"))).toEqual([]);
});
