/** Submit, poll, history, events, cancel, retry. */
import { Type } from "typebox";
import { readTraceparent } from "../../core/trace-context.ts";
import type { Operations } from "../../operations/contract.ts";
import type { CancelRequest, EntriesQuery, EventsQuery, PollRequest, SubmitRequest } from "../../protocol/messages.ts";
import {
  CancelSchema,
  EntriesQuerySchema,
  EventsQuerySchema,
  PollSchema,
  SubmitSchema,
} from "../../protocol/schemas.ts";
import { streamEvents } from "../event-stream.ts";
import { clientGone } from "../held.ts";
import { idempotencyKey, KEY_HEADER } from "../idempotency-key.ts";
import { route, type Route } from "../route.ts";

const ById = Type.Object({ id: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) });
type Id = { id: number };

/** @param options.stopping aborts when the server stops; streams end then. */
export function entryRoutes({ operations, stopping }: { operations: Operations; stopping: AbortSignal }): Route[] {
  return [
    route<{ Body: SubmitRequest }>({
      method: "POST",
      path: "/v1/entries",
      access: "operator",
      summary: "Submit one or many calls",
      body: SubmitSchema,
      headers: KEY_HEADER,
      answer: { description: "One outcome an item, in order: the entry as filed, or an error" },
      handle: (asked) =>
        operations.submit(
          asked.principal,
          asked.body,
          idempotencyKey(asked),
          readTraceparent(asked.headers["traceparent"]),
        ),
    }),
    route<{ Body: PollRequest }>({
      method: "POST",
      path: "/v1/entries/poll",
      access: "viewer",
      summary: "Look at many entries, held until one changes",
      body: PollSchema,
      answer: { description: "Those that changed since `seen`" },
      handle: ({ body }, reply) => operations.poll(body, clientGone(reply, body.wait)),
    }),
    route<{ Querystring: EntriesQuery }>({
      method: "GET",
      path: "/v1/entries",
      access: "viewer",
      summary: "The history, a page at a time",
      query: EntriesQuerySchema,
      answer: { description: "Entries, and the cursor of the next page" },
      handle: ({ query }) => operations.entries(query),
    }),
    route<{ Params: Id }>({
      method: "GET",
      path: "/v1/entries/:id",
      access: "viewer",
      summary: "One entry",
      params: ById,
      answer: { description: "The entry" },
      handle: ({ params }) => operations.entry(params.id),
    }),
    route<{ Params: Id }>({
      method: "GET",
      path: "/v1/entries/:id/tree",
      access: "viewer",
      summary: "What an entry belongs to, with everything in it",
      params: ById,
      answer: { description: "The root, with `children` and `retries` of each entry; `truncated` when there is more" },
      handle: ({ params }) => operations.tree(params.id),
    }),
    route<{ Params: Id }>({
      method: "GET",
      path: "/v1/entries/:id/why",
      access: "viewer",
      summary: "Why an entry does not run yet, or where it runs, and what would free it",
      params: ById,
      answer: { description: "The first condition that holds it back; `because` explains what it waits for" },
      handle: ({ params }) => operations.why(params.id),
    }),
    route<{ Params: Id; Querystring: EventsQuery }>({
      method: "GET",
      path: "/v1/entries/:id/events",
      access: "viewer",
      summary: "An entry's events; with Accept: text/event-stream as a stream until it ends",
      params: ById,
      query: EventsQuerySchema,
      headers: { "last-event-id": "Streams go on after it" },
      answer: { description: "Events above `after` without gaps, and whether the log ends with them" },
      handle: async ({ params, query, headers }, reply) => {
        if (!(headers.accept ?? "").includes("text/event-stream")) {
          return operations.events(params.id, query, clientGone(reply, query.wait));
        }
        const last = Number(headers["last-event-id"]);
        const after = Number.isSafeInteger(last) && last > 0 ? last : (query.after ?? 0);
        await streamEvents({ operations, reply, id: params.id, after, stopping });
        return reply;
      },
    }),
    route<{ Params: Id; Body: CancelRequest }>({
      method: "POST",
      path: "/v1/entries/:id/cancel",
      access: "operator",
      summary: "Ask for an entry to be canceled",
      params: ById,
      body: CancelSchema,
      bodyOptional: true,
      answer: { description: "The entry: ended when it was not running, otherwise canceling" },
      handle: ({ principal, params, body }) => operations.cancel(principal, params.id, body),
    }),
    route<{ Params: Id }>({
      method: "POST",
      path: "/v1/entries/:id/retry",
      access: "operator",
      summary: "File the same call again",
      params: ById,
      headers: KEY_HEADER,
      answer: { description: "The new entry, which names the old" },
      handle: (asked) => operations.retry(asked.principal, asked.params.id, idempotencyKey(asked)),
    }),
  ];
}
