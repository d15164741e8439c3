import { expect, test } from "vitest";
import type { Call } from "../../src/client/port.ts";
import { createSubmitter } from "../../src/client/submitter.ts";
import { WilcoError } from "../../src/core/errors.ts";
import type { SubmitAnswer, SubmitRequest } from "../../src/protocol/messages.ts";
import { entryOf } from "./world/fixtures.ts";

function callOf(operation: string, parameters: Record<string, unknown> = {}): Call {
  return { resource: 1, resourceName: "web-1", type: "web-server", operation, parameters };
}

interface Request {
  operations: string[];
  key: string;
  body: SubmitRequest;
}

/** Answers every item with an entry, unless `refuse` throws for a request or gives an error for an item. */
function submitterOf(refuse: (operations: string[]) => void = () => {}) {
  const requests: Request[] = [];
  const submitter = createSubmitter({
    api: {
      async submit(body, key): Promise<SubmitAnswer> {
        const operations = body.entries.map((item) => item.operation);
        requests.push({ operations, key, body });
        refuse(operations);
        return {
          entries: operations.map((operation) =>
            operation === "bad"
              ? { error: { code: "invalid_parameters" as const, message: "bad it is", hint: "Make it good." } }
              : { entry: entryOf({ operation }), replayed: false },
          ),
        };
      },
    },
  });
  return { ...submitter, requests };
}

test("calls of one tick travel in one request, with a key of its own and nothing that the server does not know", async () => {
  const { submit, requests } = submitterOf();
  await Promise.all([
    submit(callOf("a")),
    Promise.resolve().then(() => submit({ ...callOf("b"), idempotencyKey: "k" })),
  ]);
  await submit(callOf("c"));
  expect(requests.map((request) => request.operations)).toEqual([["a", "b"], ["c"]]);
  expect(requests[0]!.key).toMatch(/^[\w-]{22}$/);
  expect(requests[0]!.key).not.toBe(requests[1]!.key);
  expect(requests[0]!.body.entries).toEqual([
    { resource: 1, operation: "a", parameters: {} },
    { resource: 1, operation: "b", parameters: {}, key: "k" },
  ]);
});

test("a refused item rejects only its call", async () => {
  const { submit } = submitterOf();
  const outcomes = await Promise.allSettled(["a", "bad", "c"].map((operation) => submit(callOf(operation))));
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "invalid_parameters", hint: "Make it good." } });
});

test("a request has at most 1000 calls, one is under way at a time, and the order is kept", async () => {
  let underWay = 0;
  const { submit, requests } = submitterOf(() => expect(++underWay).toBe(1));
  const filed = Array.from({ length: 2_500 }, (_, at) => submit(callOf(`o${at}`)).then(() => (underWay = 0)));
  await Promise.all(filed);
  expect(requests.map((request) => request.operations.length)).toEqual([1_000, 1_000, 500]);
  expect(requests.flatMap((request) => request.operations)).toEqual(Array.from({ length: 2_500 }, (_, at) => `o${at}`));
});

test("what arrives while a request is under way is the next one", async () => {
  const { submit, requests } = submitterOf();
  await Promise.all(
    ["a", "b", "c"].map(async (operation) => {
      await submit(callOf(operation));
      await submit(callOf(`${operation}2`));
    }),
  );
  expect(requests.map((request) => request.operations)).toEqual([
    ["a", "b", "c"],
    ["a2", "b2", "c2"],
  ]);
});

test("large parameters do not meet in one request", async () => {
  const { submit, requests } = submitterOf();
  const big = { text: "x".repeat(900_000) };
  await Promise.all(Array.from({ length: 10 }, () => submit(callOf("upload", big))));
  expect(requests.map((request) => request.operations.length)).toEqual([4, 4, 2]);
});

test("an item that has the whole request refused does not take the others with it", async () => {
  const { submit, requests } = submitterOf((operations) => {
    if (operations.includes("impossible")) throw new WilcoError({ code: "invalid_request", message: "no such shape" });
  });
  const outcomes = await Promise.allSettled(
    ["a", "b", "impossible", "d"].map((operation) => submit(callOf(operation))),
  );
  expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(new Set(requests.map((request) => request.key)).size).toBe(requests.length);
});

test("a lost server rejects every call of the request, and the next request is tried anew", async () => {
  let lost = true;
  const { submit } = submitterOf(() => {
    if (lost) throw new WilcoError({ code: "unreachable", message: "gone" });
  });
  const outcomes = await Promise.allSettled([submit(callOf("a")), submit(callOf("b"))]);
  expect(outcomes).toMatchObject([{ reason: { code: "unreachable" } }, { reason: { code: "unreachable" } }]);
  lost = false;
  expect(await submit(callOf("c"))).toMatchObject({ entry: { operation: "c" }, replayed: false });
});
