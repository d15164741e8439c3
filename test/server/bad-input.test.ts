import { describe, expect, test } from "vitest";
import { LIMITS } from "../../src/protocol/schemas.ts";
import { openServer, type AskOptions } from "./world.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";
const entry = (parts: object) => ({ body: { entries: [{ resource: "web-1", operation: "restart", ...parts }] } });

/** What is wrong, what is asked, the status and code, and words that the answer has to have. */
const CASES: Array<
  [what: string, method: Method, url: string, options: AskOptions, status: number, code: string, words: RegExp]
> = [
  [
    "malformed JSON",
    "POST",
    "/v1/entries",
    { body: '{"entries": [}' },
    400,
    "invalid_request",
    /not JSON: Unexpected token/,
  ],
  ["no body", "POST", "/v1/entries", {}, 400, "invalid_request", /body.*must be an object/],
  [
    "an empty body",
    "POST",
    "/v1/entries",
    { body: "", headers: { "content-type": "application/json" } },
    400,
    "invalid_request",
    /must be an object/,
  ],
  ["a list as body", "POST", "/v1/entries", { body: [] }, 400, "invalid_request", /must be an object, but is a list/],
  [
    "another content type",
    "POST",
    "/v1/entries",
    { body: "a=b", headers: { "content-type": "application/x-www-form-urlencoded" } },
    400,
    "invalid_request",
    /not declared as JSON.*Content-Type/,
  ],
  [
    "an unknown field",
    "POST",
    "/v1/entries",
    entry({ priorty: 5 }),
    400,
    "invalid_request",
    /"entries\[0\]\.priorty" is unknown.*Did you mean "priority"/,
  ],
  [
    "an unknown top field",
    "POST",
    "/v1/entries",
    { body: { entrys: [] } },
    400,
    "invalid_request",
    /"entries" is missing|"entrys" is unknown/,
  ],
  [
    "a missing field",
    "POST",
    "/v1/entries",
    { body: { entries: [{ resource: "web-1" }] } },
    400,
    "invalid_request",
    /"entries\[0\]\.operation" is missing/,
  ],
  [
    "no entries",
    "POST",
    "/v1/entries",
    { body: { entries: [] } },
    400,
    "invalid_request",
    /"entries" must NOT have fewer than 1 items/,
  ],
  [
    "a text for a number",
    "POST",
    "/v1/entries",
    entry({ priority: "5" }),
    400,
    "invalid_request",
    /"entries\[0\]\.priority" must be a whole number, but is a text/,
  ],
  [
    "a number out of range",
    "POST",
    "/v1/entries",
    entry({ priority: 201 }),
    400,
    "invalid_request",
    /"entries\[0\]\.priority" must be <= 200/,
  ],
  [
    "a wrong choice",
    "POST",
    "/v1/entries",
    entry({ after: [{ entry: 1, on: "sucess" }] }),
    400,
    "invalid_request",
    /"success" or "failure" or "any".*Did you mean "success"/,
  ],
  [
    "a NUL in a name",
    "POST",
    "/v1/entries",
    entry({ resource: "web\0" }),
    400,
    "invalid_request",
    /NUL|none of the forms/,
  ],
  ["a NUL in an operation", "POST", "/v1/entries", entry({ operation: "a\0b" }), 400, "invalid_request", /has a NUL/],
  ["half a character", "POST", "/v1/entries", entry({ note: "\ud800" }), 400, "invalid_request", /half of a character/],
  [
    "a name that is none",
    "POST",
    "/v1/entries",
    entry({ zone: "a b" }),
    400,
    "invalid_request",
    /"entries\[0\]\.zone" is not a name.*Names are/,
  ],
  ["a NUL in the path", "GET", "/v1/resources/a%00b", {}, 400, "invalid_request", /NUL/],
  ["a NUL in the query", "GET", "/v1/entries?resource=%00", {}, 400, "invalid_request", /NUL/],
  ["a broken escape in the path", "GET", "/v1/resources/%zz", {}, 400, "invalid_request", /hexadecimal/],
  ["a name without end", "GET", `/v1/resources/${"a".repeat(2_000)}`, {}, 400, "invalid_request", /too long/],
  [
    "an id that is none",
    "GET",
    "/v1/entries/abc",
    {},
    400,
    "invalid_request",
    /in the path: "id" must be a whole number/,
  ],
  ["id zero", "GET", "/v1/entries/0", {}, 400, "invalid_request", /"id" must be >= 1/],
  [
    "a query that is no number",
    "GET",
    "/v1/entries?limit=many",
    {},
    400,
    "invalid_request",
    /in the query: "limit" must be a whole number/,
  ],
  [
    "an unknown query",
    "GET",
    "/v1/entries?statu=queued",
    {},
    400,
    "invalid_request",
    /"statu" is unknown.*Did you mean "status"/,
  ],
  ["a limit too large", "GET", "/v1/resources?limit=100000", {}, 400, "invalid_request", /"limit" must be <= 1000/],
  ["an unknown cursor", "GET", "/v1/resources?cursor=abc", {}, 400, "invalid_request", /cursor/],
  ["an invalid selector", "GET", "/v1/resources?selector=a,,b", {}, 400, "invalid_selector", /empty term/],
  ["an unknown resource", "GET", "/v1/resources/wbe-1", {}, 404, "unknown_resource", /"wbe-1".*Did you mean "web-1"/],
  ["an unknown resource id", "GET", "/v1/resources/99", {}, 404, "unknown_resource", /"99"/],
  ["an unknown type", "GET", "/v1/types/servce", {}, 404, "unknown_type", /Did you mean "service"/],
  [
    "a resource of no type",
    "PUT",
    "/v1/resources/x",
    { body: { type: "servce" } },
    404,
    "unknown_type",
    /Did you mean "service"/,
  ],
  [
    "a resource name with a comma",
    "PUT",
    "/v1/resources/a,b",
    { body: { type: "service" } },
    400,
    "invalid_request",
    /not a name for a resource/,
  ],
  [
    "an id that is to be added",
    "PUT",
    "/v1/resources/4711",
    { body: { type: "service" } },
    404,
    "unknown_resource",
    /4711/,
  ],
  [
    "a connection of the wrong type",
    "PUT",
    "/v1/resources/x",
    { body: { type: "service", connection: { port: "80" } } },
    400,
    "invalid_request",
    /connection\.port.*must be a whole number/,
  ],
  [
    "an If-Match that is none",
    "DELETE",
    "/v1/resources/web-1",
    { headers: { "if-match": "abc" } },
    400,
    "invalid_request",
    /If-Match/,
  ],
  [
    "another version than seen",
    "PUT",
    "/v1/resources/web-1",
    { body: { type: "service" }, headers: { "if-match": '"7"' } },
    412,
    "precondition_failed",
    /version 1, not 7/,
  ],
  [
    "deleting another version than seen",
    "DELETE",
    "/v1/resources/web-1",
    { headers: { "if-match": '"7"' } },
    412,
    "precondition_failed",
    /version 1/,
  ],
  [
    "If-Match for what is not there",
    "PUT",
    "/v1/resources/new",
    { body: { type: "service" }, headers: { "if-match": "*" } },
    404,
    "unknown_resource",
    /"new"/,
  ],
  [
    "an inventory with an unknown part",
    "POST",
    "/v1/inventory/apply",
    { body: { resorces: {} } },
    400,
    "invalid_request",
    /Did you mean "resources"/,
  ],
  [
    "an inventory with mistakes",
    "POST",
    "/v1/inventory/apply",
    { body: { resources: { a: { tpye: "x" }, b: {} } } },
    400,
    "invalid_inventory",
    /resources\.a\.tpye.*"type".*resources\.b\.type/s,
  ],
  [
    "a token of an unknown role",
    "POST",
    "/v1/tokens",
    { body: { name: "x", role: "amdin" } },
    400,
    "invalid_request",
    /Did you mean "admin"/,
  ],
  [
    "a token that is there",
    "POST",
    "/v1/tokens",
    { body: { name: "a-viewer", role: "viewer" } },
    409,
    "conflict",
    /already/,
  ],
  [
    "zones for a viewer",
    "POST",
    "/v1/tokens",
    { body: { name: "x", role: "viewer", zones: ["eu"] } },
    400,
    "invalid_request",
    /no zones/,
  ],
  ["revoking nobody", "DELETE", "/v1/tokens/a-viewr", {}, 404, "unknown_token", /Did you mean "a-viewer"/],
  ["revoking the last admin", "DELETE", "/v1/tokens/a-admin", {}, 409, "conflict", /last admin/],
  [
    "an empty idempotency key",
    "POST",
    "/v1/entries",
    { ...entry({}), headers: { "idempotency-key": "" } },
    400,
    "invalid_request",
    /Idempotency-Key/,
  ],
  [
    "an idempotency key without end",
    "POST",
    "/v1/entries",
    { ...entry({}), headers: { "idempotency-key": "k".repeat(401) } },
    400,
    "invalid_request",
    /1 to 400/,
  ],
  ["an unknown path", "GET", "/v1/resorces", {}, 404, "unknown_route", /Did you mean \/v1\/resources/],
  ["a far path", "GET", "/favicon.ico", {}, 404, "unknown_route", /openapi/],
  ["another method", "DELETE", "/v1/entries/5", {}, 404, "unknown_route", /can't be asked with DELETE.*It takes GET/],
  [
    "a type that is no descriptor",
    "POST",
    "/v1/workers",
    {
      body: {
        name: "w",
        zone: "z",
        roles: ["r"],
        capacity: 1,
        host: "h",
        pid: 1,
        version: "1",
        types: [{ name: "x" }],
        succession: "0123456789abcdef",
      },
    },
    400,
    "invalid_request",
    /Resource type 1 of the worker/,
  ],
];

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
