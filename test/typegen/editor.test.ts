import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCRIPT_COMPILER_OPTIONS, STRICTNESS } from "../../src/cli/type-check/compiler-options.ts";
import { describeOperation, describeType } from "../../src/resource-types/descriptor.ts";
import { readBaseTypes } from "../../src/typegen/base-types.ts";
import { generateTypes } from "../../src/typegen/generate.ts";
import { startLanguageServer, type LanguageServer } from "./language-server.ts";

let folder: string;
let editor: LanguageServer;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "wilco-editor-")));
  const parameters = {
    type: "object",
    properties: { how: { enum: ["rolling", "at once"] }, count: { type: "integer" } },
  };
  const types = [describeType("web-app", {}, [describeOperation("rollOut", { parameters })])];
  const resources = [
    { name: "shop", type: "web-app" },
    { name: "blog", type: "web-app" },
  ];
  writeFileSync(join(folder, "wilco.d.ts"), generateTypes({ base: readBaseTypes(), types, resources }));
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...SCRIPT_COMPILER_OPTIONS, ...STRICTNESS } }),
  );
  editor = await startLanguageServer(folder);
});
afterAll(async () => {
  await editor.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("an editor", () => {
  it.each<[what: string, text: string, first: string[]]>([
    ["names of resources", 'resource("|");', ["blog", "shop"]],
    ["resource types", 'resources({ type: "|" });', ["web-app"]],
    ["operations", 'resource("shop").operations.|', ["rollOut"]],
    ["parameters", 'resource("shop").rollOut({ | });', ["how", "count"]],
    ["values of parameters", 'resource("shop").rollOut({ how: "|" });', ["at once", "rolling"]],
    ["parameters of what a query selects", 'resources({ type: "web-app" })[0]?.rollOut({ | });', ["how", "count"]],
    ["settings of a poll policy", "resource('blog').rollOut({}, { poll: { | } });", ["delay", "limit", "backoff"]],
  ])("completes %s", async (what, text, first) => {
    const script = `import { resource, resources } from "wilco";\n${text}\n`;
    const offered = await editor.complete(`${what.replaceAll(" ", "-")}.ts`, script);
    expect(offered.slice(0, first.length)).toEqual(first);
  });
});
