import { describe, expect, it } from "vitest";
import { readTold } from "../../src/sandbox/guest-messages.ts";

const line = (value: unknown): string => JSON.stringify({ number: 3, kind: "value", awaited: false, value });
const FOLDED = { kind: "folded", text: "A value that can't be read" };

describe("a line's value as the guest tells it", () => {
  it.each([
    ["a number", { kind: "number", text: "1" }],
    ["undefined", { kind: "undefined" }],
    ["a list", { kind: "array", name: "Array", length: 1, items: [{ kind: "hole" }] }],
    ["a map", { kind: "map", size: 1, entries: [[{ kind: "null" }, { kind: "getter" }]] }],
    ["an object", { kind: "object", name: "A", size: 1, properties: [["a", { kind: "promise" }]] }],
    ["a chart", { kind: "chart", style: "bars", points: [{ label: "a", value: 1 }] }],
    ["an execution", { kind: "execution", subject: "restart of web-1", id: 1, status: "running", location: null }],
  ])("is taken as it is: %s", (_what, value) => {
    expect(readTold("line", line(value), 3)).toEqual({ number: 3, kind: "value", awaited: false, value });
  });

  it.each([
    ["a kind that there is not", { kind: "card" }],
    ["a kind of prototypes", { kind: "constructor" }],
    ["a number without its text", { kind: "number", text: 5 }],
    ["a list without a length", { kind: "array", name: "Array", items: [] }],
    ["a resource without data", { kind: "resource", operations: [] }],
    ["a resource of wrong data", { kind: "resource", data: { id: 1, name: {}, labels: 5 }, operations: [] }],
    ["an entry that is none", { kind: "entry", entry: { id: 1, kind: "operation", status: "failed", lastEvent: 1 } }],
    ["an execution of a status that there is not", { kind: "execution", subject: "x", id: 1, status: "up" }],
  ])("is folded when it is %s", (_what, value) => {
    expect(readTold("line", line(value), 3)).toMatchObject({ kind: "value", value: FOLDED });
  });

  it("is folded where it makes no sense, and shown beside it", () => {
    const value = { kind: "array", name: "Array", length: 3, items: [{ kind: "null" }, 5, { kind: "card" }] };
    expect(readTold("line", line(value), 3)).toMatchObject({
      value: { items: [{ kind: "null" }, FOLDED, FOLDED] },
    });
  });

  it("is folded below the depth to which the guest describes anything", () => {
    let value: unknown = { kind: "null" };
    for (let depth = 0; depth < 1_000; depth++) value = { kind: "set", size: 1, items: [value] };
    const read = JSON.stringify(readTold("line", line(value), 3));
    expect(read).toContain(JSON.stringify(FOLDED));
    expect(read.length).toBeLessThan(1_000);
  });

  it.each([
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["a value without a kind", '{"number":3,"kind":"value","value":{}}'],
    ["no number", '{"kind":"value","value":{"kind":"null"}}'],
  ])("is an error of the current line when the message is %s", (_what, json) => {
    expect(readTold("line", json, 3)).toMatchObject({ number: 3, kind: "error", error: { code: "script_failed" } });
  });
});

describe("an answer of the guest's", () => {
  it("about variables leaves out what makes no sense", () => {
    const good = { name: "a", holds: { kind: "other", members: ["x"] } };
    const variables = [good, null, { name: "b" }, { name: "c", holds: { kind: "resource", type: 1 } }];
    expect(readTold("variables", JSON.stringify({ number: 99, variables }), 7)).toEqual({
      number: 7,
      variables: [good],
    });
    expect(readTold("variables", "null", 7)).toEqual({ number: 7, variables: [] });
  });

  it("about the last value is the piece of the question that was asked, or an error", () => {
    expect(readTold("last", '{"number":7,"piece":"[1]","done":true}', 7)).toEqual({
      number: 7,
      piece: "[1]",
      done: true,
    });
    for (const json of ["null", "{", '{"number":8,"piece":"x"}', '{"number":7,"piece":5}']) {
      expect(readTold("last", json, 7)).toMatchObject({ number: 7, error: expect.any(String) });
    }
  });
});
