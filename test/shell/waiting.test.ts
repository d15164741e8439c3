import { expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import { waitingLines } from "../../src/shell/waiting.ts";

it("a name at the beginning of what holds an entry back keeps its first letter", () => {
  const entry = { id: 7, status: "queued", kind: "operation", operation: "run", resource: { name: "this-machine" } };
  const told = { ...entry, createdAt: "2026-01-01T00:00:00Z", queuedAt: null, lastEvent: 1, attempt: 0, tasks: null };
  const lines = (text: string) =>
    waitingLines(
      [{ id: 7, entry: told as unknown as Entry, lastOutput: "", ours: true, why: { lastEvent: 1, text } }],
      {
        columns: 80,
        rows: 20,
        paint: (_style, line) => line,
        now: Date.parse("2026-01-01T00:00:10Z"),
      },
    );
  expect(lines("this-machine is held by entry 6")[1]).toBe("  this-machine is held by entry 6.");
  expect(lines("no live worker is named eu-1")[1]).toBe("  No live worker is named eu-1.");
});
