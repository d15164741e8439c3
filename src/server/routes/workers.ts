/** The worker protocol, and the list of workers. */
import { Type } from "typebox";
import type { Inventory } from "../../inventory/inventory.ts";
import type { Operations } from "../../operations/contract.ts";
import type {
  ClaimRequest,
  FinishRequest,
  HeartbeatRequest,
  RegisterRequest,
  ReportRequest,
} from "../../protocol/messages.ts";
import {
  ClaimSchema,
  FinishSchema,
  HeartbeatSchema,
  RegisterSchema,
  ReportSchema,
} from "../../protocol/worker-schemas.ts";
import { clientGone } from "../held.ts";
import { route, type Route } from "../route.ts";

const BySession = Type.Object({ session: Type.String({ minLength: 1, maxLength: 64 }) });
type Session = { session: string };

export function workerRoutes({ operations, inventory }: { operations: Operations; inventory: Inventory }): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/workers",
      access: "viewer",
      summary: "Workers, live and lately gone",
      answer: { description: "Workers" },
      handle: () => operations.workers(),
    }),
    route<{ Body: RegisterRequest }>({
      method: "POST",
      path: "/v1/workers",
      access: "worker",
      summary: "Register a worker and open its session",
      body: RegisterSchema,
      answer: { description: "The session, and the times that hold in it" },
      handle: ({ principal, body }) => operations.registerWorker(principal, body, inventory.types.saveFromWorker),
    }),
    route<{ Params: Session; Body: ClaimRequest }>({
      method: "POST",
      path: "/v1/workers/:session/claim",
      access: "worker",
      summary: "Claim entries, held until there are some",
      params: BySession,
      body: ClaimSchema,
      answer: { description: "Assignments, with connection secrets opened" },
      handle: ({ principal, params, body }, reply) =>
        operations.claim(principal, params.session, body, clientGone(reply, body.wait)),
    }),
    route<{ Params: Session; Body: HeartbeatRequest }>({
      method: "POST",
      path: "/v1/workers/:session/heartbeat",
      access: "worker",
      summary: "Renew leases, held until there is something to obey",
      params: BySession,
      body: HeartbeatSchema,
      answer: { description: "What to cancel, what was lost, what was not listed" },
      handle: ({ principal, params, body }, reply) =>
        operations.heartbeat(principal, params.session, body, clientGone(reply, body.wait)),
    }),
    route<{ Params: Session; Body: ReportRequest }>({
      method: "POST",
      path: "/v1/workers/:session/report",
      access: "worker",
      summary: "Report output and progress",
      params: BySession,
      body: ReportSchema,
      answer: { description: "One answer an item, in order" },
      handle: ({ principal, params, body }) => operations.report(principal, params.session, body),
    }),
    route<{ Params: Session; Body: FinishRequest }>({
      method: "POST",
      path: "/v1/workers/:session/finish",
      access: "worker",
      summary: "End executions with their results",
      params: BySession,
      body: FinishSchema,
      answer: { description: "One answer an item, in order" },
      handle: ({ principal, params, body }) => operations.finish(principal, params.session, body),
    }),
    route<{ Params: Session }>({
      method: "POST",
      path: "/v1/workers/:session/stop",
      access: "worker",
      summary: "End the session; what it still holds lapses at once",
      params: BySession,
      answer: { status: 204, description: "The session has ended" },
      handle: async ({ principal, params }, reply) => {
        await operations.stopWorker(principal, params.session);
        return reply.code(204).send();
      },
    }),
  ];
}
