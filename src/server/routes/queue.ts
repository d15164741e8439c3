/** The queue itself: which routes are paused. */
import type { Operations } from "../../operations/contract.ts";
import type { PauseRequest, QueueQuery, ResumeRequest } from "../../protocol/messages.ts";
import { PauseSchema, QueueQuerySchema, ResumeSchema } from "../../protocol/queue-schemas.ts";
import { route, type Route } from "../route.ts";

export function queueRoutes({ operations }: { operations: Operations }): Route[] {
  return [
    route<{ Querystring: QueueQuery }>({
      method: "GET",
      path: "/v1/queue",
      access: "viewer",
      summary: "Entries that have not ended, by any of their fields, the oldest first, a page at a time",
      query: QueueQuerySchema,
      answer: { description: "Entries as the queue sees them, and the cursor of the next page" },
      handle: ({ query }) => operations.queue(query),
    }),
    route({
      method: "GET",
      path: "/v1/queue/stats",
      access: "viewer",
      summary: "What waits and runs, by route and priority, and how fast the queue moves",
      answer: { description: "Counts, the oldest of each, and rates of the last minute" },
      handle: () => operations.queueStats(),
    }),
    route({
      method: "GET",
      path: "/v1/doctor",
      access: "viewer",
      summary: "What is wrong and what to do about it, as the answering server sees it",
      answer: { description: "Findings in order of urgency, and the figures that were looked at" },
      handle: () => operations.doctor(),
    }),
    route({
      method: "GET",
      path: "/v1/queue/paused",
      access: "viewer",
      summary: "Paused routes",
      answer: { description: "Routes that nothing is claimed from, with who paused them and when" },
      handle: async () => ({ items: await operations.pausedRoutes() }),
    }),
    route<{ Body: PauseRequest }>({
      method: "POST",
      path: "/v1/queue/pause",
      access: "operator",
      summary: "Pause a route: what runs goes on, nothing more is claimed",
      body: PauseSchema,
      answer: { description: "The pause; the first one stands" },
      handle: ({ principal, body }) => operations.pauseRoute(principal, body),
    }),
    route<{ Body: ResumeRequest }>({
      method: "POST",
      path: "/v1/queue/resume",
      access: "operator",
      summary: "Resume a paused route",
      body: ResumeSchema,
      answer: { description: "The pause that ended" },
      handle: ({ principal, body }) => operations.resumeRoute(principal, body),
    }),
  ];
}
