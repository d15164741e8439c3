import { expect, test } from "vitest";
import { availabilityOf, nonsenseSaid } from "../../src/domain/availability.ts";

test.each([
  [{ availability: "up" }, "up"],
  [{ availability: "down", reason: "it does not run" }, "down"],
  // A command that ends well, and says nothing about it.
  [{ exitCode: 0 }, "up"],
  [null, "up"],
  ["fine", "up"],
  // A misspelt word must not pass for "up".
  [{ availability: "donw" }, "unknown"],
  [{ availability: null }, "unknown"],
  [{ availability: { state: "down" } }, "unknown"],
])("a check that succeeded with %j says %s", (result, availability) => {
  expect(availabilityOf({ status: "succeeded", result, error: null })).toBe(availability);
  expect(nonsenseSaid(result) !== null).toBe(availability === "unknown");
});
