/** What `wilco types check` finds, and where types are found: no server, one process for the files of TypeScript. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { builtinTypes } from "../../src/resource-types/builtin.ts";
import { problemsOfType } from "../../src/resource-types/check-type.ts";
import { parseYaml } from "../../src/core/yaml-file.ts";
import { loadTypes } from "../../src/cli/composition/load-types.ts";
import { libraryUrl } from "../../src/cli/library-file.ts";
import { checkTypes } from "../../src/cli/types/check-types.ts";
import { findProcess, isRunning } from "../../src/resource-types/process-table.ts";
import { findTypeFiles } from "../../src/worker/handlers/type-locations.ts";
import { until } from "../resource-types/context.ts";
import { CLI_FILE, startCli } from "../support/cli.ts";
import { openTerminal } from "../support/terminal.ts";

function folder(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), "wilco-types-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), text);
  }
  return directory;
}

const GOOD = `import { defineResourceType } from "wilco";
export default defineResourceType({ name: "good", operations: { go: { handler: () => 1 } } });
`;

describe("a check of types", () => {
  it("tells all that is wrong with all files, with place and nearest word", async () => {
    const cwd = folder({
      "types/one.yaml": `types:
  one:
    operations:
      check: { run: [x], parameters: { type: object, properties: { y: { type: string } }, required: [y] } }
      metrics: { run: [x], result: text }
      discover: { run: [x] }
      updateConfiguration: { run: [x] }
  two:
    conection: {}
    operations: { go: { run: [x, "{{parameters.y}}"] } }
`,
      "types/broken.yml": "types: { a: { operations: { go: { run: [x] } }\n",
      "types/only-resources.yaml": "resources: { a: { type: host } }\n",
      "types/good.ts": GOOD,
      "types/good.test.ts": "throw new Error('tests are no types');\n",
      "types/bad.ts": `import { defineResourceType, parametersOf } from "wilco";
export default defineResourceType({
  name: "one",
  operations: {
    purge: {
      parameters: parametersOf({ days: { type: "integer", minimun: 0 } }),
      handler: () => 1,
    },
  },
});
`,
      "types/taken.yaml": "types: { docker: { operations: { go: { run: [x] } } } }\n",
      "types/throws.js": "throw new Error('nothing here');\n",
    });
    const { problems, types, files } = await checkTypes(["types"], cwd, { library: libraryUrl() });
    expect(files).toBe(6);
    expect(types.map(({ name }) => name)).toEqual(["docker", "good"]);
    const lines = problems.map(({ file, line, path, message, hint }) => [`${file}:${line}`, path, message, hint]);
    const told = (place: string, path: string, message: string, hint?: string) =>
      expect(lines).toContainEqual([
        place,
        path,
        expect.stringContaining(message),
        hint === undefined ? expect.anything() : hint,
      ]);
    told("types/one.yaml:4", "types.one.operations.check.parameters.required", "asks for y");
    told("types/one.yaml:5", "types.one.operations.metrics", "gives no numbers");
    told("types/one.yaml:6", "types.one.operations.discover", "gives no JSON");
    told("types/one.yaml:7", "types.one.operations.updateConfiguration", "the type declares no configuration");
    told("types/one.yaml:9", "types.two.conection", "is unknown here", 'Did you mean "connection"?');
    told("types/one.yaml:10", "types.two.operations.go.run[1]", "will never have a value");
    told("types/broken.yml:null", "", "is not YAML");
    const misspelt = "one.operations.purge.parameters.properties.days.minimun";
    told("types/bad.ts:6", misspelt, "is no keyword of JSON Schema", 'Did you mean "minimum"?');
    told("types/bad.ts:null", "", 'has a type "one", as types/one.yaml has');
    told("types/taken.yaml:null", "", 'has a type "docker", as wilco itself has');
    told("types/throws.js:null", "", "does not load: nothing here (line 1)");
  });

  it("goes on after a file that ends its process, and names it", async () => {
    const cwd = folder({
      "types/a.ts": GOOD,
      "types/b.js": "console.error('no licence'); process.exit(7);\n",
      "types/c.ts": GOOD.replace('"good"', '"better"'),
    });
    const { problems, types } = await checkTypes(["types"], cwd, { library: libraryUrl() });
    expect(types.map(({ name }) => name)).toEqual(["good", "better"]);
    expect(problems.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      "types/b.js: does not load: it ended its process with exit code 7: no licence",
    ]);
  });

  it("tells each thing once and in the order of the file, without what only follows from it", async () => {
    const cwd = folder({
      "a.yaml": `types:
  a:
    configuration: { type: objct }
    operations:
      updateConfiguration: { run: [x] }
      metrics: { run: [], result: foo }
      number: 5
      http: { http: "http://x" }
      url: { http: { url: 5, heders: {} } }
      codes: { run: [x], exitCodes: { 300: fails } }
      lost: { run: [x], onLost: lost }
  b: 5
`,
    });
    const { problems } = await checkTypes(["a.yaml"], cwd, { library: libraryUrl() });
    expect(problems.map(({ line, path, message, hint }) => `${line} ${path.slice(6)}: ${message} | ${hint}`)).toEqual([
      '3 a.configuration.type: "objct" is no type | Did you mean "object"?',
      "6 a.operations.metrics.run: must be a list of the program and its arguments | null",
      "6 a.operations.metrics.result: must be none or text or json | null",
      "7 a.operations.number: is the number 5, not a mapping | null",
      "8 a.operations.http.http: is a text, not a mapping | null",
      "9 a.operations.url.http.url: must be a text, but is the number 5 | null",
      '9 a.operations.url.http.heders: is unknown here | Did you mean "headers"?',
      "10 a.operations.codes.exitCodes.300: is not an exit code | Exit codes are whole numbers from 0 to 255.",
      '11 a.operations.lost.onLost: must be lose or requeue | Did you mean "lose"?',
      "12 b: is the number 5, not a mapping | null",
    ]);
  });

  it("is content with what is right", async () => {
    const cwd = folder({
      "a.yaml": `types:
  fleet:
    configuration: { type: object, properties: { port: { type: integer } } }
    operations:
      check: { run: [x] }
      metrics: { run: [x], result: { regex: '(?<load>\\d+)', fields: { load: number } } }
      discover: { run: [x], result: json }
      readConfiguration: { run: [x], result: json }
      updateConfiguration: { run: [x, "{{parameters.configuration}}"] }
`,
    });
    expect(await checkTypes(["a.yaml"], cwd, { library: libraryUrl() })).toEqual({
      problems: [],
      types: [{ file: "a.yaml", name: "fleet", operations: 5 }],
      files: 1,
    });
  });
});

describe("a worker", () => {
  it("does not start with types that are wrong, and names file and key", async () => {
    const cwd = folder({
      "types/one.ts": GOOD.replace("{ handler", '{ parameters: { type: "objct" }, handler'),
      "types/two.ts": GOOD.replace('"good"', '"two"').replace(
        "go:",
        "check: { result: { additionalProperties: false }, handler: () => 1 }, go:",
      ),
    });
    await expect(loadTypes("types", cwd)).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringMatching(
        /^2 things are wrong with the types:\n {2}types\/one.ts:2:\d+: good.operations.go.parameters.type: "objct" is no type \(Did you mean "object"\?\)\n {2}types\/two.ts:2:\d+: two.operations.check.result: declares no availability/,
      ),
    });
  });
});

describe("the place of a problem", () => {
  it("is that of the longest key it begins with, or of what is above it", async () => {
    const { placeOf } = await parseYaml("types:\n  a.b:\n    c: [x, { d: 1 }]\n  a: { b.c: 2 }\n", "x.yaml");
    expect(placeOf("types.a.b.c[1].d")).toEqual({ line: 3, column: 14 });
    expect(placeOf("types.a.b.missing.below")).toEqual({ line: 2, column: 3 });
    expect(placeOf("types.a.b.c[7]")).toEqual({ line: 3, column: 5 });
    expect(placeOf("nothing")).toBeNull();
    // Anchors are for the parser that takes its time; the places are the same.
    const flow = `go: { run: ["a, {b}", 'it''s', don't], "x y": { a.b: 1, c: [[1, 2]] } }\n`;
    const paths = ["go.run[0]", "go.run[1]", "go.run[2]", "go.x y", "go.x y.a.b", "go.x y.c[0][1]", "go.run[9]"];
    const columns = async (text: string) => {
      const { placeOf: within } = await parseYaml(text, "x.yaml");
      return paths.map((path) => within(path)?.column);
    };
    const found = await columns(flow);
    expect(found.slice(0, 3)).toEqual([13, 23, 32]);
    expect(found).toEqual(await columns(`${flow}other: &anchor 1\n`));
  });
});

describe("the built-in types", () => {
  it("are written as one's own are: nothing is wrong with them either", () => {
    const schemas = createSchemaValidator();
    expect(builtinTypes.flatMap(({ descriptor }) => problemsOfType(descriptor, schemas))).toEqual([]);
  });
});

describe("types of a package", () => {
  const manifest = (types: unknown) => JSON.stringify({ name: "@example/types", wilco: { types } });
  const at = "node_modules/@example/types";

  it("are the files that its package.json names, found as Node finds packages", () => {
    const cwd = folder({
      [`${at}/package.json`]: manifest(["./lib", "extra.mjs"]),
      [`${at}/lib/a.js`]: "",
      [`${at}/lib/a.d.ts`]: "",
      [`${at}/lib/b.yaml`]: "",
      [`${at}/extra.mjs`]: "",
      "inner/x": "",
    });
    expect(findTypeFiles("@example/types", join(cwd, "inner"))).toEqual({
      code: [join(cwd, at, "lib/a.js"), join(cwd, at, "extra.mjs")],
      yaml: [join(cwd, at, "lib/b.yaml")],
    });
  });

  it.for([
    ["no-such-package", {}, 'There is neither a directory nor an installed package "no-such-package"'],
    ["./types", {}, "types is not there"],
    ["@example/types", { [`${at}/package.json`]: "{}" }, 'package.json has no "wilco"'],
    ["@example/types", { [`${at}/package.json`]: "{" }, "package.json can't be read"],
    ["@example/types", { [`${at}/package.json`]: manifest([]) }, "wilco.types is empty"],
    ["@example/types", { [`${at}/package.json`]: manifest([3]) }, "wilco.types[0] must be a text"],
    ["@example/types", { [`${at}/package.json`]: manifest("../x.js") }, "wilco.types leads out of the package"],
    ["@example/types", { [`${at}/package.json`]: manifest(["a.js"]) }, "wilco.types[0] names a.js, which is not there"],
    [
      "@example/types",
      { [`${at}/package.json`]: manifest(["a.ts"]), [`${at}/a.ts`]: "" },
      "which Node does not load from node_modules",
    ],
  ] as const)("are refused with what is wrong: %s, %s", ([typed, files, message]) => {
    const cwd = folder({ x: "", ...files });
    expect(() => findTypeFiles(typed, cwd)).toThrow(message);
  });
});

describe("a check that is interrupted", () => {
  const endless = 'import { writeFileSync } from "node:fs";\nwriteFileSync("pid", `${process.pid} `);\nfor (;;) {}\n';
  /** The process that loads the file. */
  async function loaderIn(cwd: string) {
    const file = join(cwd, "pid");
    await until(() => existsSync(file) && readFileSync(file, "utf8").endsWith(" "));
    return findProcess(Number(readFileSync(file, "utf8")))!;
  }

  it.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const)(
    "by %s while a file does not come to its end leaves no process behind",
    async (signal) => {
      const cwd = folder({ "types/endless.js": endless });
      const check = startCli(["types", "check", "types"], { cwd });
      const loader = await loaderIn(cwd);
      check.kill(signal);
      expect(await check.ended).toMatchObject({ signal });
      // A kill is certain, but not instant.
      await until(() => !isRunning(loader));
    },
  );

  it("by Ctrl-C at a terminal has said what it waits for", async () => {
    const cwd = folder({ "endless.js": endless });
    const env = { PATH: process.env["PATH"] ?? "", HOME: cwd };
    const command = [process.execPath, CLI_FILE, "types", "check", "endless.js"];
    const terminal = openTerminal({ command, env, cwd, columns: 100, rows: 10 });
    onTestFinished(() => terminal.close());
    const loader = await loaderIn(cwd);
    await until(() => terminal.text().includes("endless.js does not come to its end; it gets 1m (--timeout)."));
    terminal.press("C-c");
    await terminal.ended;
    await until(() => !isRunning(loader));
    // Nothing more is said after the key.
    expect(terminal.text()).toMatch(/\(--timeout\)\.\n\^C$/);
  });
});
