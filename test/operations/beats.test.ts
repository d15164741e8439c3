import { expect, it } from "vitest";
import { createBeats } from "../../src/operations/beats.ts";
import type { Context } from "../../src/operations/context.ts";
import { workerToken } from "./world.ts";

/** A database that says how often it was asked, and answers nothing. */
function countingContext() {
  let transactions = 0;
  const database = {
    transaction: () => {
      transactions++;
      return Promise.withResolvers<never>().promise;
    },
  };
  return { context: { database } as unknown as Context, transactions: () => transactions };
}

it("sends beats off together, and early only when one of them is asked for", () => {
  const { context, transactions } = countingContext();
  const beats = createBeats(context);
  void beats.add(workerToken, "a", { state: "ready" });
  void beats.add(workerToken, "b", { state: "ready" });
  // As a claim does that ends long after its own beat was answered.
  beats.hurry("c");
  expect(transactions()).toBe(0);
  beats.hurry("b");
  beats.hurry("a");
  expect(transactions()).toBe(1);
});
