import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { WilcoError } from "../../src/core/errors.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import type { DocumentProblem } from "../../src/resource-types/document-reader.ts";
import { parseResourceType } from "../../src/resource-types/parse-type.ts";

const schemas = createSchemaValidator();
const parseYaml = (yaml: string) => parseResourceType("web-server", parse(yaml), { schemas });

const SAMPLE = `
role: automate
connection:
  type: object
  properties: { url: { type: string }, config: { type: string }, token: { type: string, secret: true } }
  required: [url]
operations:
  reload:
    description: Re-read the configuration without dropping connections
    parameters: { type: object, properties: { graceful: { type: boolean, default: true } }, additionalProperties: false }
    run: [nginx, -s, reload, -c, "{{connection.config}}", 8080]
    timeout: 30s
    exclusive: true
    onLost: requeue
    poll: { delay: 500ms }
  check:
    http: { method: GET, url: "{{connection.url}}/health", expect: { status: 200 }, result: json }
    exclusive: false
`;

describe("what is looked at by itself", () => {
  const looked = (lines: string) =>
    parseYaml(`${lines}\noperations: { check: { run: ["true"] }, metrics: { run: [m], result: json } }`);

  it("is how often, and what the numbers are", () => {
    const type = looked('checkEvery: 1m\nmetricsEvery: "off"\nmetrics: { cpu: { unit: "%" } }');
    expect(type).toMatchObject({ checkEvery: 60_000, metrics: { cpu: { unit: "%", description: null } } });
    expect(type).not.toHaveProperty("metricsEvery");
  });

  it.each([
    ["checkEvery: 100ms", "checkEvery", 'it is "100ms", and the shortest is 1s'],
    ["checkEvery: often", "checkEvery", 'it is not a duration: "often"'],
    ["metrics: { cpu: { units: s } }", "metrics.cpu.units", "is unknown here"],
  ])("is refused: %s", (lines, path, message) => {
    expect(problemsOf(() => looked(lines))).toMatchObject([{ path: `types.web-server.${path}`, message }]);
  });

  it("needs the operation", () => {
    expect(problemsOf(() => parseYaml("checkEvery: 1m\noperations: { a: { run: [x] } }"))).toMatchObject([
      { message: 'is of no use: the type has no operation "check"' },
    ]);
  });
});

function problemsOf(parseIt: () => unknown): DocumentProblem[] {
  try {
    parseIt();
  } catch (error) {
    return ((error as WilcoError).details as { problems: DocumentProblem[] }).problems;
  }
  return [];
}

describe("what an operation takes of its worker", () => {
  const weightOf = (lines: string) =>
    parseYaml(`operations: { pack: { run: [tar], ${lines} } }`).operations["pack"]!.weight;

  it("is its weight, or the whole worker", () => {
    expect(weightOf("weight: 3")).toBe(3);
    expect(weightOf("exclusiveWorker: true")).toBe(10_000);
    expect(weightOf("exclusiveWorker: false, weight: 2")).toBe(2);
  });

  it("is not both", () => {
    expect(() => weightOf("exclusiveWorker: true, weight: 2")).toThrow(
      /weight: and exclusiveWorker exclude each other/,
    );
  });
});

describe("a type in YAML", () => {
  it("is read with every default filled in", () => {
    const type = parseYaml(SAMPLE);
    expect(type).toMatchObject({
      name: "web-server",
      role: "automate",
      runsOn: "bound",
      check: "check",
      builtin: false,
      configuration: null,
    });
    expect(type.version).toMatch(/^[0-9a-f]{12}$/);
    expect(type.connection["additionalProperties"]).toBe(false);
    expect(type.operations["reload"]).toEqual({
      name: "reload",
      description: "Re-read the configuration without dropping connections",
      parameters: {
        type: "object",
        properties: { graceful: { type: "boolean", default: true } },
        additionalProperties: false,
      },
      result: null,
      timeout: 30_000,
      exclusive: true,
      onLost: "requeue",
      maxAttempts: 3,
      role: null,
      weight: 1,
      argv: null,
      poll: { delay: "500ms" },
      implementation: {
        kind: "run",
        argv: ["nginx", "-s", "reload", "-c", "{{connection.config}}", "8080"],
        shell: false,
        cwd: null,
        env: {},
        result: "none",
      },
    });
    expect(type.operations["check"]).toMatchObject({
      parameters: { type: "object", properties: {}, additionalProperties: false },
      timeout: 3_600_000,
      exclusive: false,
      onLost: "lose",
      implementation: {
        kind: "http",
        method: "GET",
        url: "{{connection.url}}/health",
        headers: {},
        body: null,
        expect: { status: [200] },
        result: "json",
      },
    });
  });

  it("has another version when its content is another, and the same when only the order is", () => {
    const version = (yaml: string) => parseYaml(yaml).version;
    expect(version("operations: { a: { run: [x], timeout: 1s } }")).toBe(
      version("operations: { a: { timeout: 1s, run: [x] } }"),
    );
    expect(version("operations: { a: { run: [x] } }")).not.toBe(version("operations: { a: { run: [y] } }"));
  });

  it("of requests only runs anywhere, unless it says otherwise", () => {
    expect(parseYaml('operations: { a: { http: { url: "http://x" } } }').runsOn).toBe("any");
    expect(parseYaml('runsOn: bound\noperations: { a: { http: { url: "http://x" } } }').runsOn).toBe("bound");
    expect(parseYaml("runsOn: any\noperations: { a: { run: [x] } }").runsOn).toBe("any");
  });

  it("reads stdout as its result says", () => {
    const how = (result: string) => {
      const operation = parseYaml(`operations: { a: { run: [x], result: ${result} } }`).operations["a"]!;
      return [operation.result, (operation.implementation as { result: string }).result];
    };
    expect(how("text")).toEqual([null, "text"]);
    expect(how("{ type: object }")).toEqual([{ type: "object" }, "json"]);
  });

  it("may give a script to a shell", () => {
    expect(
      parseYaml('operations: { a: { run: "echo $1", shell: true } }').operations["a"]!.implementation,
    ).toMatchObject({ argv: ["echo $1"], shell: true });
    const { argv } = parseYaml(
      `operations: { a: { run: [sh, -c, 'echo "$1"', sh, "{{resource.name}}", -c, "{{resource.name}}"] } }`,
    ).operations["a"]!.implementation as { argv: string[] };
    expect(argv).toHaveLength(7);
  });

  it.each<[yaml: string, path: string, message: string, hint?: string]>([
    ["[]", "types.web-server", "is a list, not a mapping"],
    ["{}", "types.web-server.operations", "is missing"],
    ["operations: {}", "types.web-server.operations", "is missing"],
    ["opertions: { a: { run: [x] } }", "types.web-server.opertions", "is unknown here", 'Did you mean "operations"?'],
    [
      "operations: { a: { run: [x], timout: 3s } }",
      "types.web-server.operations.a.timout",
      "is unknown here",
      'Did you mean "timeout"?',
    ],
    ["operations: { a: null }", "types.web-server.operations.a", "is empty"],
    ["operations: { 'a b': { run: [x] } }", "types.web-server.operations.a b", "is not a name"],
    ["operations: { a: { timeout: 3s } }", "types.web-server.operations.a", "has neither run nor http"],
    ["operations: { a: { run: [x], http: { url: y } } }", "types.web-server.operations.a.http", "stands beside run"],
    [
      "operations: { a: { run: nginx -s reload } }",
      "types.web-server.operations.a.run",
      "is a text, not a list",
      'Write ["nginx","-s","reload"], or set shell: true.',
    ],
    ["operations: { a: { run: [] } }", "types.web-server.operations.a.run", "must be a list"],
    ["operations: { a: { run: [x, {a: 1}] } }", "types.web-server.operations.a.run[1]", "must be a text"],
    [
      "operations: { a: { run: ['echo {{connection.x}}'], shell: true } }",
      "types.web-server.operations.a.run[0]",
      "the script itself takes no",
    ],
    [
      "operations: { a: { run: [sudo, -n, /bin/bash, -eu, -o, pipefail, -c, 'echo {{connection.x}}'] } }",
      "types.web-server.operations.a.run[7]",
      "is run as code, and takes no {{…}}",
      'Set the value in env, or let it follow as an element of its own: [sh, -c, \'echo "$1"\', sh, "{{parameters.text}}"].',
    ],
    [
      `operations: { a: { run: [python3, -c, 'print("{{parameters.x}}")'] } }`,
      "types.web-server.operations.a.run[2]",
      "is run as code",
    ],
    [
      "operations: { a: { run: [x], timeout: 30 } }",
      "types.web-server.operations.a.timeout",
      "is not a duration",
      'Write the unit: "30s" or "30ms"',
    ],
    [
      "operations: { a: { run: [x], timeout: 0s } }",
      "types.web-server.operations.a.timeout",
      "must be longer than nothing",
    ],
    [
      "operations: { a: { run: [x], exclusive: yep } }",
      "types.web-server.operations.a.exclusive",
      "must be true or false, but is a text",
    ],
    [
      "operations: { a: { run: [x], onLost: requeu } }",
      "types.web-server.operations.a.onLost",
      "must be lose or requeue",
      'Did you mean "requeue"?',
    ],
    [
      "operations: { a: { run: [x], maxAttempts: 0 } }",
      "types.web-server.operations.a.maxAttempts",
      "must be a whole number from 1",
    ],
    [
      "operations: { a: { run: [x], poll: { dellay: 1s } } }",
      "types.web-server.operations.a.poll",
      'has no "dellay"',
      'Did you mean "delay"?',
    ],
    [
      "operations: { a: { run: [x], parameters: { properties: { n: { type: strng } } } } }",
      "types.web-server.operations.a.parameters.properties.n.type",
      '"strng" is no type',
      'Did you mean "string"?',
    ],
    [
      "operations: { a: { run: [x], parameters: { properties: { n: { type: integer, minimun: 1 } } } } }",
      "types.web-server.operations.a.parameters.properties.n.minimun",
      "is no keyword of JSON Schema",
      'Did you mean "minimum"?',
    ],
    [
      "operations: { a: { run: [x], parameters: { name: { type: string } } } }",
      "types.web-server.operations.a.parameters",
      "is not a usable JSON Schema",
      "Put the names under properties: { … }.",
    ],
    [
      "operations: { a: { run: [x], parameters: { type: array } } }",
      "types.web-server.operations.a.parameters.type",
      'must be "object"',
    ],
    [
      "operations: { a: { run: [x], argv: comand, parameters: { properties: { command: { type: array } } } } }",
      "types.web-server.operations.a.argv",
      "names no parameter",
      'Did you mean "command"?',
    ],
    [
      "operations: { a: { run: [x], argv: c, parameters: { properties: { c: { type: string } } } } }",
      "types.web-server.operations.a.argv",
      "is not a list",
    ],
    [
      "operations: { a: { run: [x, '{{paramters.y}}'] } }",
      "types.web-server.operations.a.run[1]",
      "is not a template",
      'Did you mean "parameters"?',
    ],
    [
      "operations: { a: { run: [x, '{{parameters.y}}'] } }",
      "types.web-server.operations.a.run[1]",
      "will never have a value",
      "Declare it under parameters.properties.",
    ],
    [
      "connection: { properties: { url: { type: string } } }\noperations: { a: { http: { url: '{{connection.uri}}' } } }",
      "types.web-server.operations.a.http.url",
      "will never have a value",
      'Did you mean "url"?',
    ],
    [
      "operations: { a: { http: { method: GRAB, url: x } } }",
      "types.web-server.operations.a.http.method",
      "must be GET or HEAD",
    ],
    ["operations: { a: { http: { method: POST } } }", "types.web-server.operations.a.http.url", "is missing"],
    [
      "operations: { a: { http: { url: x, expect: { status: 99 } } } }",
      "types.web-server.operations.a.http.expect.status",
      "must be a status",
    ],
    [
      "operations: { a: { http: { url: x }, cwd: /tmp } }",
      "types.web-server.operations.a.cwd",
      "belongs to run, not to http",
    ],
    [
      "operations: { a: { run: [x], env: { A: [1] } } }",
      "types.web-server.operations.a.env.A",
      "must be a text, but is a list",
    ],
    [
      "operations: { a: { run: [x], result: { regex: '(\\d+' } } }",
      "types.web-server.operations.a.result.regex",
      "is not a regular expression",
    ],
    [
      "operations: { a: { run: [x], result: { regex: '\\d+' } } }",
      "types.web-server.operations.a.result.regex",
      "has no named group",
    ],
    [
      "operations: { a: { run: [x], result: { regex: '(?<n>\\d+)', flag: m } } }",
      "types.web-server.operations.a.result.flag",
      "is unknown here",
      'Did you mean "flags"?',
    ],
    [
      "operations: { a: { run: [x], result: { regex: '(?<n>\\d+)', flags: mm } } }",
      "types.web-server.operations.a.result.flags",
      "must be some of",
    ],
    [
      "operations: { a: { run: [x], result: { regex: '(?<count>\\d+)', fields: { cuont: integer } } } }",
      "types.web-server.operations.a.result.fields.cuont",
      "is unknown here",
      'Did you mean "count"?',
    ],
    [
      "operations: { a: { run: [x], result: { regex: '(?<n>\\d+)', fields: { n: intger } } } }",
      "types.web-server.operations.a.result.fields.n",
      "must be text or integer or number",
      'Did you mean "integer"?',
    ],
    [
      "operations: { a: { run: [x], exitCodes: { 300: ok } } }",
      "types.web-server.operations.a.exitCodes.300",
      "is not an exit code",
    ],
    [
      "operations: { a: { run: [x], exitCodes: { 3: stopped } } }",
      "types.web-server.operations.a.exitCodes.3",
      "must be ok, { value: … } or { fails: … }",
    ],
    [
      "operations: { a: { run: [x], exitCodes: { 3: { fails: Not There } } } }",
      "types.web-server.operations.a.exitCodes.3.fails",
      "must be a code",
    ],
    [
      "operations: { a: { run: [x], exitCodes: { 3: { fails: gone, mesage: It is gone } } } }",
      "types.web-server.operations.a.exitCodes.3.mesage",
      "is unknown here",
      'Did you mean "message"?',
    ],
    [
      "operations: { a: { http: { url: x, result: { type: object } } } }",
      "types.web-server.operations.a.http.result",
      "must be none, text, json or",
    ],
    [
      "operations: { a: { http: { url: x }, exitCodes: { 3: ok } } }",
      "types.web-server.operations.a.exitCodes",
      "belongs to run, not to http",
    ],
    ["role: a/b\noperations: { a: { run: [x] } }", "types.web-server.role", "is not a name"],
    ["runsOn: all\noperations: { a: { run: [x] } }", "types.web-server.runsOn", "must be any or bound"],
  ])("is refused with its place and what to do: %s", (yaml, path, message, hint) => {
    let refusal: WilcoError | undefined;
    try {
      parseYaml(yaml);
    } catch (error) {
      refusal = error as WilcoError;
    }
    expect(refusal?.code).toBe("invalid_inventory");
    const { problems } = refusal!.details as { problems: DocumentProblem[] };
    const found = problems.find((one) => one.path === path);
    expect(found?.message ?? problems).toContain(message);
    if (hint !== undefined) expect(found!.hint).toBe(hint);
    expect(refusal!.message).toContain(problems[0]!.path);
  });

  it("tells all its problems at once", () => {
    try {
      parseYaml("rolle: x\noperations: { a: { run: [x], timout: 1s }, b: {} }");
      expect.unreachable();
    } catch (error) {
      expect((error as WilcoError).message).toContain("(and 2 more)");
      expect((error as { details: { problems: unknown[] } }).details.problems).toHaveLength(3);
    }
  });
});
