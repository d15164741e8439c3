import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { randomId, sha256 } from "../../src/core/ids.ts";
import { canonicalJson } from "../../src/core/json.ts";

it("ids are 22 characters of their own, more of them than are made at once", () => {
  const ids = Array.from({ length: 1_000 }, randomId);
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[\w-]{22}$/);
});

it("a hash is SHA-256 in hex, of texts and of bytes", () => {
  const expected = createHash("sha256").update("grün").digest("hex");
  expect([sha256("grün"), sha256(new TextEncoder().encode("grün"))]).toEqual([expected, expected]);
});

it("the canonical text of a value does not depend on the order of its keys", () => {
  const one = { b: [{ y: 1, x: null }], a: { d: undefined, c: "é" }, 10: true };
  const other = { 10: true, a: { c: "é" }, b: [{ x: null, y: 1 }] };
  expect(canonicalJson(one)).toBe('{"10":true,"a":{"c":"é"},"b":[{"x":null,"y":1}]}');
  expect(canonicalJson(other)).toBe(canonicalJson(one));
  expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}');
  expect(canonicalJson([1, [2, { b: 1, a: 2 }]])).toBe('[1,[2,{"a":2,"b":1}]]');
});
