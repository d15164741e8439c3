import { expect, test } from "vitest";
import { targetsText } from "../../src/operations/request-targets.ts";

const text = (targets: Parameters<typeof targetsText>[0]["targets"], names: string[] = []) =>
  targetsText({ operation: "check", targets }, names);

test("what a request was asked for is told in few words", () => {
  expect(text({ group: "web" })).toBe("group=web");
  expect(text({ selector: "tier=web" })).toBe("tier=web");
  expect(text({ selector: "" })).toBe("*");
  expect(text({ resources: [1, 2] }, ["web-1", "web-2"])).toBe("web-1,web-2");
});

test("of many resources the first ones and their number are named", () => {
  const names = Array.from({ length: 60 }, (_, n) => `node-${n + 1}`);
  expect(text({ resources: names }, names)).toBe("node-1,node-2,node-3,node-4,node-5 and 55 more");
  expect(text({ resources: names.slice(0, 6) })).toBe("node-1,node-2,node-3,node-4,node-5,node-6");
});
