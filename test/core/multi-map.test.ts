import { expect, it } from "vitest";
import { createMultiMap } from "../../src/core/multi-map.ts";

it("keeps values by key in their order, and no key without values", () => {
  const map = createMultiMap<{ name: string }>();
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name })) as [{ name: string }, { name: string }, { name: string }];
  expect([...map.get("x")]).toEqual([]);
  map.add("x", a);
  map.add("x", a);
  map.delete("x", b);
  expect([...map.get("x")]).toEqual([a]);
  map.add("x", b);
  map.add("y", c);
  expect([...map.get("x")]).toEqual([a, b]);
  expect([[...map.keys()], map.size]).toEqual([["x", "y"], 2]);
  map.delete("x", a);
  map.delete("y", c);
  map.add("x", c);
  expect([...map.get("x")]).toEqual([b, c]);
  map.delete("x", b);
  map.delete("x", c);
  expect([[...map.keys()], map.size]).toEqual([[], 0]);
});

it("leaves out what is deleted while its values are walked through", () => {
  const map = createMultiMap<{ name: string }>();
  const [a, b] = [{ name: "a" }, { name: "b" }];
  for (const one of [a, b]) map.add("x", one);
  const seen = [];
  for (const one of map.get("x")) {
    seen.push(one);
    map.delete("x", a);
    map.delete("x", b);
  }
  expect(seen).toEqual([a]);
});
