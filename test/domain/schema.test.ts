import { describe, expect, it } from "vitest";
import { WilcoError } from "../../src/core/errors.ts";
import type { JsonSchema } from "../../src/core/json.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";

const restart: JsonSchema = {
  type: "object",
  properties: {
    graceful: { type: "boolean", default: true },
    ports: { type: "array", items: { type: "integer", minimum: 1 } },
    mode: { enum: ["rolling", "all-at-once"] },
    colour: { anyOf: [{ const: "blue" }, { const: "green" }] },
    token: { type: "string", secret: true },
    ready: { type: "object", properties: { url: { type: "string" } }, additionalProperties: false },
  },
  required: ["ports"],
  additionalProperties: false,
};

function refusal(act: () => unknown): WilcoError {
  try {
    act();
  } catch (error) {
    if (error instanceof WilcoError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a schema", () => {
  const schemas = createSchemaValidator();

  it("says in words what common patterns and bounds mean", () => {
    const connection = {
      properties: {
        url: { type: "string", pattern: "^https?://" },
        timeout: { type: "string", pattern: "^(\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*)+$" },
        mode: { type: "string", pattern: "^[0-7]{3,4}$" },
        value: { type: "string", maxLength: 4 },
        names: { type: "array", minItems: 1 },
      },
    };
    const said = schemas.problems(connection, { url: "ftp://x", timeout: "5y", mode: "9", value: "12345", names: [] });
    expect(said.map(({ message }) => message)).toEqual([
      '"url" must begin with http:// or https://',
      '"timeout" must be a duration such as "30s"',
      '"mode" must match pattern "^[0-7]{3,4}$"',
      '"value" may have at most 4 characters',
      '"names" must not be empty',
    ]);
  });

  it("fills in defaults in a copy and leaves the value as it was", () => {
    const value = { ports: [80], token: undefined };
    expect(schemas.parse(restart, value)).toEqual({ ports: [80], graceful: true });
    expect(value).toEqual({ ports: [80], token: undefined });
    expect(schemas.problems(restart, value)).toEqual([]);
  });

  it.each([
    [{ ports: [80], gracefull: true }, '"gracefull" is unknown', 'Did you mean "graceful"?'],
    [{}, '"ports" is missing', undefined],
    // That it is missing would be the same thing said twice.
    [{ prots: [80] }, '"prots" is unknown', 'Did you mean "ports"?'],
    [{ ports: [80, "x"] }, '"ports[1]" must be a whole number, but is a text', undefined],
    [{ ports: [0] }, '"ports[0]" must be >= 1', undefined],
    [{ ports: [1], mode: "roling" }, '"mode" must be "rolling" or "all-at-once"', 'Did you mean "rolling"?'],
    [{ ports: [1], colour: "gren" }, '"colour" must be "blue" or "green"', 'Did you mean "green"?'],
    [{ ports: [1], ready: { uri: "x" } }, '"ready.uri" is unknown', 'Did you mean "url"?'],
    [[], "the value must be an object, but is a list", undefined],
    [{ ports: [1], token: 7 }, '"token" must be a text, but is a number', undefined],
  ])("says what is wrong with %j", (value, sentence, hint) => {
    const error = refusal(() => schemas.parse(restart, value));
    expect(error.code).toBe("invalid_parameters");
    expect(error.message).toBe(`Invalid parameters: ${sentence}.`);
    expect(error.hint).toBe(hint);
  });

  it("names every problem at once and lists them in the details", () => {
    const error = refusal(() =>
      schemas.parse(restart, { graceful: 1, x: 2 }, { what: "connection", code: "invalid_inventory" }),
    );
    expect(error.code).toBe("invalid_inventory");
    expect(error.message).toContain("Invalid connection:");
    expect((error.details as { problems: unknown[] }).problems).toHaveLength(3);
  });

  it("gives the caller's hint where a problem has none of its own", () => {
    const hint = "See the page about it.";
    expect(refusal(() => schemas.parse(restart, [], { hint })).hint).toBe(hint);
    expect(refusal(() => schemas.parse(restart, { ports: [1], mode: "roling" }, { hint })).hint).toMatch(
      /^Did you mean/,
    );
  });

  it("never repeats a wrong value, which may be a secret", () => {
    const secretive: JsonSchema = {
      type: "object",
      properties: { token: { type: "string", secret: true, minLength: 40 } },
    };
    expect(JSON.stringify(refusal(() => schemas.parse(secretive, { token: "hunter2" })).toBody())).not.toContain(
      "hunter2",
    );
  });

  it("says that a type without parameters takes none", () => {
    const none: JsonSchema = { type: "object", properties: {}, additionalProperties: false };
    expect(refusal(() => schemas.parse(none, { a: 1 })).hint).toBe("It takes none.");
    expect(schemas.parse(none, undefined)).toEqual({});
  });

  it("refuses what is not JSON", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(refusal(() => schemas.parse({}, circular)).message).toContain("not JSON");
    expect(refusal(() => schemas.parse({}, { n: 1n })).message).toContain("not JSON");
    expect(refusal(() => schemas.parse({}, "text")).message).toContain("must be an object");
  });

  it.each([
    [{ type: "objekt" }, "type"],
    [{ type: "object", propertys: {} }, "propertys"],
    [{ $ref: "#/$defs/none" }, "resolve"],
    ["text", "not a JSON Schema"],
  ])("is itself checked: %j", (schema, word) => {
    expect(schemas.schemaProblem(schema)).toContain(word);
  });

  it("may carry an id that another schema has too", () => {
    const one = { $id: "https://example.test/one", type: "object", required: ["a"] };
    const two = { $id: "https://example.test/one", type: "object", required: ["b"] };
    expect(schemas.schemaProblem(one)).toBeNull();
    expect(schemas.schemaProblem(two)).toBeNull();
    expect(schemas.problems(two, { b: 1 })).toEqual([]);
    expect(schemas.problems(one, { b: 1 })).toHaveLength(1);
  });

  it("stays right when more schemas are used than are kept", () => {
    const few = createSchemaValidator({ cacheSize: 2 });
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 5; n++) {
        const schema = { type: "object", required: [`p${n}`] };
        expect(few.problems(schema, { [`p${n}`]: 1 })).toEqual([]);
        expect(few.problems(schema, {})).toHaveLength(1);
      }
    }
  });
});
