import { expect, test } from "vitest";
import { snapshotParameters } from "../../src/client/parameters.ts";
import type { JsonSchema } from "../../src/core/json.ts";
import { operationOf } from "./world/fixtures.ts";

function snapshot(parameters: JsonSchema, input: unknown) {
  return snapshotParameters(operationOf("restart", { parameters }), input, "web-1");
}

const closed = {
  type: "object",
  properties: { graceful: { type: "boolean" }, wait: { type: ["integer", "null"] }, mode: { enum: ["a", "b"] } },
  additionalProperties: false,
};

test("the snapshot is a copy: what the script changes afterwards does not count", () => {
  const input = { list: [1, { two: 2 }] };
  const copy = snapshot({ type: "object" }, input);
  input.list.push(3);
  expect(copy).toEqual({ list: [1, { two: 2 }] });
});

test("no parameters are an empty object, and undefined ones are left out", () => {
  expect(snapshot(closed, undefined)).toEqual({});
  expect(snapshot(closed, { graceful: undefined, wait: null })).toEqual({ wait: null });
});

test("a date becomes text, and __proto__ stays data", () => {
  expect(snapshot({ type: "object" }, { on: new Date(0) })).toEqual({ on: "1970-01-01T00:00:00.000Z" });
  const copy = snapshot({ type: "object" }, JSON.parse('{"__proto__": {"x": 1}}'));
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(JSON.stringify(copy)).toBe('{"__proto__":{"x":1}}');
});

test.each([
  ["yes", "as an object, not the text"],
  [null, "as an object, not null"],
  [[1], "as an object, not a list"],
  [Promise.resolve({}), "as an object"],
  [{ gracefull: true }, 'restart has no parameter "gracefull"'],
  [{ graceful: "yes" }, '"graceful" of restart must be true or false, not the text "yes"'],
  [{ wait: 1.5 }, '"wait" of restart must be a whole number or null, not 1.5'],
  [{ wait: () => 1 }, "is a function, which JSON can't hold"],
  [{ wait: 10n }, "is a bigint, which JSON can't hold"],
  [{ wait: Number.NaN }, "is NaN, which JSON can't hold"],
])("%s is refused as invalid_parameters", (input, message) => {
  expect(() => snapshot(closed, input)).toThrow(expect.objectContaining({ code: "invalid_parameters" }));
  expect(() => snapshot(closed, input)).toThrow(message);
});

test("an unknown name comes with the nearest one, or says that it is an option of the call", () => {
  expect(() => snapshot(closed, { gracefull: true })).toThrow(
    expect.objectContaining({ hint: 'Did you mean "graceful"?' }),
  );
  expect(() => snapshot(closed, { timeout: "30s" })).toThrow(
    expect.objectContaining({ hint: '"timeout" is an option of the call: restart({}, { timeout: … }).' }),
  );
  expect(() => snapshot({ type: "object", additionalProperties: false }, { x: 1 })).toThrow(
    expect.objectContaining({ hint: "It takes no parameters." }),
  );
});

test("a missing required parameter is refused, unless the server fills in its default", () => {
  const schema = { type: "object", properties: { count: { type: "integer" }, mode: { default: "a" } } };
  expect(() => snapshot({ ...schema, required: ["count"] }, {})).toThrow('restart of web-1 needs "count"');
  expect(() => snapshot({ ...schema, required: ["count"] }, { count: undefined })).toThrow('needs "count"');
  expect(snapshot({ ...schema, required: ["mode"] }, {})).toEqual({});
});

test("what only a whole validator can tell is left to the server", () => {
  expect(snapshot(closed, { mode: "c" })).toEqual({ mode: "c" });
  expect(
    snapshot(
      { type: "object", properties: {}, patternProperties: { "^x": {} }, additionalProperties: false },
      { x1: 1 },
    ),
  ).toEqual({ x1: 1 });
});

test("a structure that refers to itself is refused with a sentence", () => {
  const loop: Record<string, unknown> = {};
  loop["loop"] = loop;
  expect(() => snapshot({ type: "object" }, loop)).toThrow("can't be written as JSON");
});
