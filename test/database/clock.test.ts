/** The clock of a transaction, when the database's clock or this machine's sleep moves it. */
import { expect, it } from "vitest";
import { createPipelinedTransactions } from "../../src/database/pipelined-transactions.ts";
import type { Engine } from "../../src/database/sql.ts";

/** An engine whose database answers every BEGIN with the time that is next in line. */
function engineWith(offsets: number[]) {
  const sent: string[] = [];
  let offset = 1_000_000;
  const session = {
    async query(text: string) {
      sent.push(text);
      return [];
    },
    release() {},
  };
  const engine = {
    dialect: {},
    begin: "BEGIN",
    pipelines: true,
    connect: async () => session,
    clock: () => performance.now() + offset,
    learnClock: () => (offset = offsets.shift() ?? offset),
    isRetryable: () => false,
    isGone: () => false,
    isUnsent: () => false,
    explain: (error: unknown) => error,
  } as unknown as Engine;
  return { engine, sent };
}

it("a transaction whose clock turns out to be an hour behind is made again with the right one", async () => {
  const { engine, sent } = engineWith([1_000_000 + 3_600_000]);
  const seen: number[] = [];
  await createPipelinedTransactions(engine)(async (tx) => void seen.push(tx.now()));
  expect(sent).toEqual(["BEGIN", "ROLLBACK", "BEGIN", "COMMIT"]);
  expect(seen[1]! - seen[0]!).toBeGreaterThan(3_500_000);
});

it("a clock that is corrected by less than a second is followed without ado", async () => {
  const { engine, sent } = engineWith([1_000_000 + 400, 1_000_000 - 400]);
  const transaction = createPipelinedTransactions(engine);
  await transaction(async () => {});
  await transaction(async () => {});
  expect(sent).toEqual(["BEGIN", "COMMIT", "BEGIN", "COMMIT"]);
});
