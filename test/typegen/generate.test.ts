import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SCRIPT_COMPILER_OPTIONS, STRICTNESS } from "../../src/cli/type-check/compiler-options.ts";
import type { JsonSchema } from "../../src/core/json.ts";
import type { OperationDescriptor, ResourceTypeDescriptor } from "../../src/domain/resource-type.ts";
import { readBaseTypes } from "../../src/typegen/base-types.ts";
import { generateTypes, TYPES_FILE_MARK } from "../../src/typegen/generate.ts";
import { schemaType } from "../../src/typegen/schema-type.ts";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

function operation(name: string, parts: Partial<OperationDescriptor> = {}): OperationDescriptor {
  return {
    name,
    description: null,
    parameters: { type: "object", properties: {}, additionalProperties: false },
    result: null,
    timeout: 60_000,
    exclusive: true,
    onLost: "lose",
    maxAttempts: 3,
    role: null,
    weight: 1,
    argv: null,
    poll: {},
    implementation: null,
    ...parts,
  };
}

function type(name: string, operations: OperationDescriptor[], check: string | null = null): ResourceTypeDescriptor {
  return {
    name,
    description: null,
    version: "1",
    role: "automate",
    runsOn: "any",
    connection: {},
    configuration: null,
    check,
    operations: Object.fromEntries(operations.map((one) => [one.name, one])),
    builtin: false,
  };
}

const WEB_SERVER = type(
  "web-server",
  [
    operation("restart", {
      description: "Restarts it. A comment can't be ended: */ nor opened.",
      parameters: {
        type: "object",
        properties: {
          graceful: { type: "boolean", default: true, description: "let requests end" },
          drain: { type: "integer", minimum: 0, maximum: 60, unit: "s" },
        },
        additionalProperties: false,
      },
      result: { type: "object", properties: { pid: { type: "integer" } }, required: ["pid"] },
    }),
    operation("deploy", {
      parameters: {
        type: "object",
        properties: { version: { type: "string" }, slot: { enum: ["blue", "green"] }, force: { type: "boolean" } },
        required: ["version", "slot"],
        additionalProperties: false,
      },
    }),
    operation("look", { result: { type: "object", properties: { load: { type: "number" } }, required: ["load"] } }),
    operation("roll-back"),
    // Names that a resource has itself.
    operation("history", { parameters: { type: "object", properties: { days: { type: "integer" } } } }),
    operation("name"),
    operation("constructor"),
    operation("toString"),
  ],
  "look",
);
WEB_SERVER.configuration = {
  type: "object",
  properties: {
    port: { type: "integer" },
    tls: { type: "object", properties: { cert: { type: "string" } }, required: ["cert"], additionalProperties: false },
    hosts: { type: "array", items: { type: "string" } },
  },
  required: ["port"],
  additionalProperties: false,
};
/** Its interface would be called as one of the script API's. */
const EXECUTION = type("execution", [operation("run")]);

describe("a schema as a type", () => {
  const cases: Array<[what: string, schema: JsonSchema, expected: string]> = [
    ["primitives", { type: ["string", "integer", "null"] }, "string | number | null"],
    ["nothing said", { description: "anything" }, "any"],
    ["enum and const", { anyOf: [{ enum: ["a", 1, null] }, { const: true }] }, '"a" | 1 | null | true'],
    ["lists", { type: "array", items: { type: ["string", "number"] } }, "Array<string | number>"],
    ["tuples", { type: "array", prefixItems: [{ type: "string" }, {}], items: false, minItems: 1 }, "[string, any?]"],
    ["records", { type: "object", additionalProperties: { type: "number" } }, "Record<string, number>"],
    [
      "records by pattern",
      { type: "object", patternProperties: { "^x": { type: "string" } } },
      "Record<string, string>",
    ],
    ["no properties at all", { type: "object", additionalProperties: false }, "Record<string, never>"],
    [
      "open objects",
      { properties: { a: { type: "string" } }, required: ["a"], additionalProperties: true },
      "{ a: string; [name: string]: any }",
    ],
    [
      "required, defaults, names that are no identifiers",
      { properties: { a: {}, b: { default: 1 }, "c-d": {} }, required: ["a", "b"], additionalProperties: false },
      '{\n  a: any;\n  /** @default 1 */\n  b?: any;\n  "c-d"?: any;\n}',
    ],
    [
      "references, and one into itself",
      {
        $defs: { node: { properties: { next: { $ref: "#/$defs/node" } } } },
        properties: { first: { $ref: "#/$defs/node" } },
      },
      "{ first?: { next?: any } }",
    ],
    [
      "all of several",
      { allOf: [{ properties: { a: { type: "string" } } }, { properties: { b: { type: "string" } } }] },
      "{ a?: string } & { b?: string }",
    ],
    ["conditions, which types can't say", { type: "string", if: { minLength: 1 }, not: { const: "x" } }, "string"],
  ];
  it.each(cases)("writes %s", (_what, schema, expected) => {
    expect(schemaType(schema)).toBe(expected);
  });
});

describe("a types file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "wilco-typegen-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** "line: message" of each error that the compiler finds in a script. */
  function errorsOf(name: string, types: string, script: string): string[] {
    const paths = {
      script: join(folder, `${name}.ts`),
      types: join(folder, `${name}.d.ts`),
      config: join(folder, `${name}.json`),
    };
    writeFileSync(paths.script, script);
    writeFileSync(paths.types, types);
    const compilerOptions = { ...SCRIPT_COMPILER_OPTIONS, ...STRICTNESS, skipLibCheck: false };
    writeFileSync(paths.config, JSON.stringify({ compilerOptions, files: [paths.script, paths.types] }));
    const { stdout } = spawnSync(process.execPath, [TSC, "-p", paths.config, "--pretty", "false"], {
      cwd: folder,
      encoding: "utf8",
    });
    const heads = stdout.matchAll(/^(\S+)\((\d+),\d+\): error TS\d+: (.*)$/gm);
    return [...heads].map(([, file, line, message]) => `${file === `${name}.ts` ? "" : `${file} `}${line}: ${message}`);
  }

  const generate = (anyName = false): string =>
    generateTypes({
      base: readBaseTypes(),
      types: [WEB_SERVER, EXECUTION],
      resources: [
        { name: "web-1", type: "web-server" },
        { name: "web-2", type: "web-server" },
        { name: "job", type: "execution" },
        { name: "orphan", type: "a type that is gone" },
      ],
      anyName,
    });

  it("lets right scripts pass, whatever of the API they use", () => {
    const script = `
      import { args, assert, chart, env, exit, fetch as get, history, log, readFile, resource, resources, sleep, table } from "wilco";
      import { AccessFailed, OperationFailed, PollLimitReached, WilcoError, type Entry, type WebServer } from "wilco";

      const web = resource("web-1");
      const pid: number = (await web.restart({ graceful: false, drain: 5 }, { timeout: "1m", poll: { limit: Infinity } })).pid;
      await web.deploy({ version: "1", slot: "blue" });
      await web["roll-back"]();
      await web.operations.history({ days: 1 });
      await web.operations.name();
      const name: "web-server" = web.type;
      const entries: Entry[] = await web.history({ status: ["failed", "lost"] });
      await web.with({ note: "x" }).refresh().waitUntil((result, me) => (result?.load ?? 1) < 0.5 && me.id > 0, { limit: 3 });
      for (let i = 1; i <= 2; i++) await resource(\`web-\${i}\`).restart();
      const { version } = await web.configuration.update({ tls: null, hosts: ["a"] }, { base: 3, timeout: "1m" });
      const port: number | undefined = (await web.configuration.get()).live?.port;
      if ((await web.configuration.drift()).drifted) await web.configuration.rollback(version + (port ?? 0));
      await resource("orphan").configuration.replace({ any: "thing" });
      const typed: WebServer = resource("web-2");
      const chosen = args.parse({ name: "string", count: "number?", dry: "boolean" });
      await resource(chosen.name).whatever({ it: "takes" });
      await resource(5).whatever();
      await resource("orphan").whatever();
      for (const batch of resources({ type: "web-server", labels: { tier: "web" } }).batches("25%"))
        await Promise.all(batch.map((one) => one.restart()));
      const loose = await resources("web-*")[0]!.restart();
      const strict = resources<WebServer>("web-*").map((one) => one.deploy({ version: "2", slot: "green" }, { after: 5 }));
      await web.child("job").run();
      const execution = web.restart();
      for await (const line of execution.output({ stream: "stderr" })) log.warn(line);
      for await (const event of execution.events()) if (event.type === "progress") log(event.data.done);
      await execution.detach();
      console.log(history.get(5).id, (await history.find({ kind: "operation" })).chart("took"), String(chart([1, 2])));
      try { await history.wait(execution, { onLimit: "return" }); } catch (error) {
        if (error instanceof OperationFailed) console.error(error.entry?.error?.source, error.lastOutput);
        else if (error instanceof PollLimitReached || error instanceof AccessFailed) console.error(error.hint);
        else if (error instanceof WilcoError && error.code === "not_permitted") throw error;
      }
      const text: string = await readFile("a.txt"), bytes: Uint8Array = await readFile("a.bin", "bytes");
      const answer = await fetch(new URL("https://example.com"), { method: "POST", body: bytes, timeout: "5s" });
      table([{ ok: answer.ok, type: answer.headers.get("content-type"), body: await answer.json(), get }]);
      assert(text !== "", "empty");
      await sleep("1s");
      setTimeout(() => structuredClone(new Map([[1, btoa(text)]])), 5);
      await Array.fromAsync(new Set([1]).union(new Set([2])));
      const left: string | undefined = env.HOME;
      if (strict.length > 3) exit(10);
      console.log(pid, name, entries, typed, loose, left, performance.now(), new TextEncoder().encode("x"), args[0]);
    `;
    expect(errorsOf("right", generate(), script)).toEqual([]);
  });

  it("marks what is wrong before anything runs", () => {
    const script = `import { history, resource, resources } from "wilco";
      resource("wbe-1");
      resource("web-1").restrat();
      resource("web-1").restart({ gracefull: true });
      resource("web-1").restart({ drain: "5" });
      resource("web-1").restart({}, { timout: "5s" });
      resource("web-1").deploy();
      resource("web-1").deploy({ version: "1", slot: "red" });
      resource("web-1")["roll-back"]({ to: 1 });
      resources({ type: "web-sever" });
      history.find({ status: "done" });
      (await resource("web-1").restart()).uptime;
      process.exit(1);
      fetch("https://example.com", { signal: 1 });
      resource(\`db-\${1}\`);
      resource("web-1").configuration.update({ prot: 1 });
      resource("web-1").configuration.update({ tls: { cert: 5 } });
      resource("web-1").configuration.replace({ hosts: [] });
    `;
    const lines = errorsOf("wrong", generate(), script).map((error) => Number(error.split(":")[0]));
    expect(lines).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]);
  });

  it("takes unknown names only when it was made so", () => {
    const script =
      'import { resource } from "wilco";\nawait resource("new-one").anything();\nresource("web-1").nothing();\n';
    expect(errorsOf("strict", generate(), script).map((error) => error[0])).toEqual(["2", "3"]);
    expect(errorsOf("loose", generate(true), script).map((error) => error[0])).toEqual(["3"]);
  });

  it("without types is the script API, with operations of any name", () => {
    const base = generateTypes({ base: readBaseTypes(), types: [], resources: [] });
    const script =
      'import { resource, resources } from "wilco";\nawait resource("x").anything();\nresources({ type: "y" }).lenght;\n';
    expect(errorsOf("base", base, script)).toEqual([expect.stringContaining("3: Property 'lenght' does not exist")]);
  });

  it("says description, unit, bounds and default where an editor shows them", () => {
    const text = generate();
    expect(text).toContain(
      "* Restarts it. A comment can't be ended: *\\/ nor opened.\n     * Timeout 1m; one at a time",
    );
    expect(text).toContain("* Let requests end.\n       * @default true");
    expect(text).toContain("* Unit: s.\n       * A whole number, 0 to 60.");
    expect(text).toContain("export interface ExecutionType extends");
  });

  it("is the same for the same server, however it lists what it has", () => {
    const base = readBaseTypes();
    const one = { name: "a", type: "web-server" };
    const two = { name: "b", type: "web-server" };
    const text = generateTypes({ base, types: [WEB_SERVER, EXECUTION], resources: [one, two] });
    expect(generateTypes({ base, types: [EXECUTION, WEB_SERVER], resources: [two, one] })).toBe(text);
    expect(text.startsWith(TYPES_FILE_MARK)).toBe(true);
  });
});
