import { expect, it } from "vitest";
import { createPollMemory, type Told } from "../../src/operations/poll-memory.ts";

const told: Told = { position: 0, lookedAt: 0, ended: [], changed: new Set() };
const watching = (count: number) => new Map(Array.from({ length: count }, (_, at) => [at + 1, 1]));
const nothing = new Map<number, number | null>();

it("forgets a client after a minute, and those that asked longest ago when there are too many entries", () => {
  let now = 0;
  const memory = createPollMemory({ most: 100, now: () => now });
  const remember = (count: number, client?: string) =>
    memory.remember({ client, watched: watching(count), told, seen: nothing });
  const [one, two] = [remember(40)!, remember(40)!];
  expect(memory.recall(one)?.watched.size).toBe(40);
  const three = remember(40)!;
  expect([one, two, three].map((cursor) => memory.recall(cursor) !== undefined)).toEqual([true, false, true]);
  // More than there is room for is not remembered, and pushes nobody out.
  expect(remember(101)).toBeUndefined();
  expect(memory.recall(one)).toBeDefined();
  now = 60_000;
  const four = remember(1)!;
  expect([one, three, four].map((cursor) => memory.recall(cursor) !== undefined)).toEqual([false, false, true]);
});

it("what an answer tells counts when its cursor comes back", () => {
  const memory = createPollMemory();
  const watched = watching(3);
  const first = memory.remember({ client: undefined, watched, told, seen: nothing })!;
  const { client } = memory.recall(first)!;
  const later = { ...told, position: 7 };
  const seen = new Map<number, number | null>([
    [1, null],
    [2, 5],
  ]);
  memory.remember({ client, watched, told: later, seen });
  expect(memory.recall(first)).toMatchObject({ told, watched: watching(3) });
  const again = memory.remember({ client, watched, told: later, seen })!;
  expect(memory.recall(again)!.told.position).toBe(7);
  expect([...watched]).toEqual([
    [2, 5],
    [3, 1],
  ]);
  expect(memory.recall(first)).toBeUndefined();
  expect(memory.recall("x")).toBeUndefined();
});
