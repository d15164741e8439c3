/** The queue itself: which routes are paused. */
import type { Operations } from "../../operations/contract.ts";
import type { PauseRequest, ResumeRequest } from "../../protocol/messages.ts";
import { PauseSchema, ResumeSchema } from "../../protocol/queue-schemas.ts";
import { route, type Route } from "../route.ts";

export function queueRoutes({ operations }: { operations: Operations }): Route[] {
  return [
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
