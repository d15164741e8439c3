import { describe, expect, it } from "vitest";
import type { JsonSchema } from "../../src/core/json.ts";
import type { OperationDescriptor } from "../../src/domain/resource-type.ts";
import { convertParameters, readParameters, type ParameterInputs } from "../../src/cli/parameters.ts";

const SCHEMA: JsonSchema = {
  type: "object",
  properties: {
    graceful: { type: "boolean" },
    count: { type: "integer" },
    ratio: { type: ["number", "null"] },
    version: { type: "string" },
    mode: { enum: ["fast", 3, true] },
    tags: { type: "array", items: { type: "string" } },
    ports: { type: "array", items: { $ref: "#/$defs/port" } },
    options: { type: "object" },
    either: { anyOf: [{ type: "integer" }, { type: "boolean" }] },
    password: { type: "string", secret: true },
    command: { type: "array", items: { type: "string" } },
  },
  $defs: { port: { type: "integer" } },
  additionalProperties: false,
};

const operation = (schema: JsonSchema = SCHEMA, argv: string | null = "command"): OperationDescriptor => ({
  name: "restart",
  description: null,
  parameters: schema,
  result: null,
  timeout: 1_000,
  exclusive: true,
  onLost: "lose",
  maxAttempts: 3,
  role: null,
  weight: 1,
  argv,
  poll: {},
  implementation: null,
});

const FILES: Record<string, string> = {
  "note.txt": "two\nlines\n",
  "count.txt": "7\n",
  "all.yaml": "count: 2\nversion: a\n",
};

async function parse(params: string[], more: Partial<ParameterInputs> = {}, to = operation()) {
  const raw = await readParameters({
    params,
    document: undefined,
    argv: null,
    env: { SECRET: "s3cret" },
    readFile: async (path) => {
      const text = FILES[path];
      if (text === undefined) throw new Error(`no such file: ${path}`);
      return text;
    },
    readStdin: async () => "from stdin\n",
    ...more,
  });
  return convertParameters(raw, "web-server", to);
}

describe("parameters from the command line", () => {
  it.each<[string, unknown]>([
    ["graceful=true", { graceful: true }],
    ["count=-3", { count: -3 }],
    ["ratio=1.5", { ratio: 1.5 }],
    ["ratio=null", { ratio: null }],
    ["version=2", { version: "2" }],
    ["version=a=b", { version: "a=b" }],
    ["version=", { version: "" }],
    ["mode=3", { mode: 3 }],
    ["mode=fast", { mode: "fast" }],
    ["either=false", { either: false }],
    ["ports=80", { ports: [80] }],
    ["ports=[80, 443]", { ports: [80, 443] }],
    ['options={"a": 1}', { options: { a: 1 } }],
    ['version:="quoted"', { version: "quoted" }],
    ["count:=4", { count: 4 }],
    ["version=@note.txt", { version: "two\nlines\n" }],
    ["count=@count.txt", { count: 7 }],
    ["version=@-", { version: "from stdin\n" }],
    ["version=@@home", { version: "@home" }],
    ["password=@env:SECRET", { password: "s3cret" }],
    ["password=@-", { password: "from stdin" }],
  ])("%s", async (param, expected) => {
    expect(await parse([param])).toEqual(expected);
  });

  it("appends when a list is given more than once", async () => {
    expect(await parse(["tags=a", "tags=b", 'tags=["c"]'])).toEqual({ tags: ["a", "b", "c"] });
  });

  it("overlays a document, of which YAML and JSON are read alike", async () => {
    expect(await parse(["count=5"], { document: "all.yaml" })).toEqual({ count: 5, version: "a" });
    expect(await parse([], { document: "-", readStdin: async () => '{"count": 1}' })).toEqual({ count: 1 });
  });

  it("fills the parameter declared as argv with what stands after --", async () => {
    expect(await parse([], { argv: ["echo", "a b"] })).toEqual({ command: ["echo", "a b"] });
  });

  it.each<[string, string[], Partial<ParameterInputs>, RegExp, RegExp]>([
    ["an unknown name", ["gracefull=true"], {}, /web-server.restart has no parameter "gracefull"/, /graceful/],
    [
      "a wrong type",
      ["count=many"],
      {},
      /"count" of web-server.restart must be a whole number, but is "many"/,
      /count=3/,
    ],
    ["a fraction for a whole number", ["count=1.5"], {}, /whole number/, /count/],
    ["JSON that is none", ["count:={"], {}, /"count" of web-server.restart is not JSON/, /count=TEXT/],
    ["a secret as a literal", ["password=hunter2"], {}, /is a secret/, /@env:NAME/],
    ["a secret as JSON", ['password:="hunter2"'], {}, /is a secret/, /@FILE/],
    ["no = at all", ["graceful"], {}, /has no "="/, /name=value/],
    ["a file that is not there", ["version=@nothing"], {}, /can't be read/, /@@/],
    ["a document that is not there", [], { document: "nothing.yaml" }, /--params can't be read/, /^Check the path\.$/],
    [
      "JSON in the place of a document",
      [],
      { document: '{"count": 1}' },
      /can't be read/,
      /- for stdin.*--param name=/,
    ],
    ["a variable that is not set", ["version=@env:NOTHING"], {}, /the environment has no NOTHING/, /Set it/],
    ["stdin twice", ["version=@-", "password=@-"], {}, /both read stdin/, /file/],
    ["a name twice", ["count=1", "count=2"], {}, /given twice/, /list/],
    ["a key that would get lost", ["options.__proto__=x"], {}, /"options.__proto__" can't be set one by one/, /:='/],
    ["a document that is no object", [], { document: "-", readStdin: async () => "[1]" }, /not an object/, /name/],
    [
      "a name of the document that is unknown",
      [],
      { document: "-", readStdin: async () => '{"cuont": 1}' },
      /no parameter "cuont"/,
      /count/,
    ],
  ])("refuses %s", async (_what, params, more, message, hint) => {
    await expect(parse(params, more)).rejects.toMatchObject({
      code: "invalid_parameters",
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    });
  });

  it("refuses arguments after -- where the operation takes none", async () => {
    await expect(parse([], { argv: ["x"] }, operation(SCHEMA, null))).rejects.toThrow(/takes no arguments after --/);
  });

  it("says that an operation takes no parameters", async () => {
    const none = operation({ type: "object", properties: {}, additionalProperties: false });
    await expect(parse(["a=1"], {}, none)).rejects.toMatchObject({ hint: "web-server.restart takes no parameters." });
  });
});
