import { describe, expect, test } from "vitest";
import { LIMITS } from "../../src/protocol/schema-parts.ts";
import { CASES } from "./bad-input-cases.ts";
import { openServer } from "./world.ts";

describe("A request with", () => {
  test("any of these mistakes is refused in words, and nothing is done", async () => {
    const { ask, inventory, calls } = await openServer();
    await inventory.putResource("web-1", { type: "service" }, undefined);
    for (const [what, method, url, options, status, code, words] of CASES) {
      const { status: answered, body } = await ask(method, url, options);
      expect({ what, status: answered, ...body, calls }).toMatchObject({
        what,
        status,
        code,
        message: expect.any(String),
        hint: expect.any(String),
        calls: [],
      });
      expect(`${what}: ${body.message} ${body.hint}`).toMatch(words);
    }
    expect(await inventory.resources({})).toMatchObject({ items: [{ name: "web-1", version: 1 }] });
  });

  test("a body over the limit is refused by its size alone", async () => {
    const { ask, calls } = await openServer();
    const answer = await ask("POST", "/v1/entries", { body: " ".repeat(LIMITS.body + 1) });
    expect(answer).toMatchObject({
      status: 413,
      body: { code: "too_large", message: "The body is larger than 32 MB" },
    });
    expect(calls).toEqual([]);
  });

  test("10,000 bad items is refused by the first of them", async () => {
    const { ask } = await openServer();
    const answer = await ask("POST", "/v1/entries", {
      body: { entries: Array.from({ length: 10_000 }, () => ({ resource: {} })) },
    });
    expect(answer.status).toBe(400);
    expect(answer.text.length).toBeLessThan(2_000);
  });

  test("a body that is nested too deeply is the caller's mistake", async () => {
    const { ask } = await openServer({
      operations: {
        submit: () => {
          throw new RangeError("Maximum call stack size exceeded");
        },
      },
    });
    const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    const submit = (levels: number) =>
      ask("POST", "/v1/entries", {
        body: `{"entries":[{"resource":"web","operation":"request","parameters":{"body":${deep(levels)}}}]}`,
      });
    expect(await submit(5_000)).toMatchObject({
      status: 400,
      body: { code: "invalid_request", message: "The body is nested too deeply" },
    });
    // Whoever runs out of stack without that has a fault.
    expect(await submit(5)).toMatchObject({ status: 500, body: { code: "internal" } });
  });

  test('a key "__proto__" in a result reaches the operations as it is', async () => {
    const { ask, calls } = await openServer();
    const finish =
      '{"finishes":[{"entry":1,"attempt":1,"finishId":"12345678","lastChunk":0,"status":"succeeded","result":{"__proto__":{"a":1}}}]}';
    expect((await ask("POST", "/v1/workers/s/finish", { body: finish })).status).toBe(200);
    expect(JSON.stringify(calls[0]!.args[2])).toBe(finish);
  });
});

describe("A fault of the server", () => {
  test("is answered without its particulars and logged with them", async () => {
    const lines: string[] = [];
    const { pino } = await import("pino");
    const log = pino({ level: "info" }, { write: (line: string) => void lines.push(line) });
    const { ask } = await openServer({
      log,
      operations: {
        entry: async () => {
          throw new Error("column secret does not exist");
        },
      },
    });
    const answer = await ask("GET", "/v1/entries/1");
    expect(answer).toMatchObject({
      status: 500,
      body: { code: "internal", message: expect.stringContaining("(request req-1)") },
    });
    expect(answer.text).not.toContain("column");
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 50, request: "req-1", err: { message: "column secret does not exist", stack: expect.any(String) } },
    ]);
  });
});
