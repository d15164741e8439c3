/** Whether the process lives, whether it can work, and what it understands. */
import { messageOf, WilcoError } from "../../core/errors.ts";
import { openApiDocument } from "../openapi.ts";
import { route, type Route } from "../route.ts";

/**
 * @param options.ask resolves when the database answers.
 * @param options.routes all routes, these among them.
 */
export function healthRoutes(options: {
  ask: () => Promise<unknown>;
  stopping: AbortSignal;
  routes: () => readonly Route[];
  version: string;
  metrics: () => Promise<{ contentType: string; text: string }>;
}): Route[] {
  let document: unknown;
  return [
    route({
      method: "GET",
      path: "/healthz",
      access: "public",
      summary: "The process lives",
      answer: { description: "Always" },
      handle: () => ({ status: "ok" }),
    }),
    route({
      method: "GET",
      path: "/readyz",
      access: "public",
      summary: "The server can work: its database answers, and it is not stopping",
      answer: { description: "It can; 503 when it can't" },
      handle: async () => {
        if (options.stopping.aborted) throw notReady("The server is stopping");
        try {
          await options.ask();
        } catch (error) {
          throw notReady(`The database does not answer: ${messageOf(error)}`, error);
        }
        return { status: "ready" };
      },
    }),
    route({
      method: "GET",
      path: "/metrics",
      access: "viewer",
      summary: "Metrics for Prometheus",
      answer: { description: "Prometheus' text format", contentType: "text/plain" },
      handle: async (_asked, reply) => {
        const { contentType, text } = await options.metrics();
        return reply.type(contentType).send(text);
      },
    }),
    route({
      method: "GET",
      path: "/v1/openapi.json",
      access: "public",
      summary: "This description",
      answer: { description: "OpenAPI 3.1" },
      handle: () => (document ??= openApiDocument(options.routes(), options.version)),
    }),
  ];
}

function notReady(message: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "unavailable", message, hint: "Try again in a moment.", cause });
}
