/** The worker protocol, and the list of workers. */
import { Type } from "typebox";
import type { ContentStore } from "../../content/store.ts";
import type { Inventory } from "../../inventory/inventory.ts";
import type { Operations } from "../../operations/contract.ts";
import type {
  AskWorkersRequest,
  ClaimRequest,
  ControlWorkersRequest,
  FinishRequest,
  HeartbeatRequest,
  LeasedContent,
  RegisterRequest,
  ReloadedTypes,
  ReportRequest,
  StopRequest,
} from "../../protocol/messages.ts";
import { AskWorkersSchema, ControlWorkersSchema, ReloadedTypesSchema } from "../../protocol/order-schemas.ts";
import {
  ClaimSchema,
  FinishSchema,
  HeartbeatSchema,
  RegisterSchema,
  ReportSchema,
  StopSchema,
} from "../../protocol/worker-schemas.ts";
import { LeasedContentSchema } from "../../protocol/content-schemas.ts";
import { sendContent } from "./content.ts";
import { clientGone, workerGone } from "../held.ts";
import { requireWorkerProtocol } from "../worker-protocol.ts";
import { route, type Route } from "../route.ts";

/** Whether the client is still there is looked at for any wait, also the default one. */
const ANSWERS = 1;
const BySession = Type.Object({ session: Type.String({ minLength: 1, maxLength: 64 }) });
type Session = { session: string };

export interface WorkerRoutesOptions {
  operations: Operations;
  inventory: Inventory;
  content: ContentStore;
  /** Of the server's wilco. */
  version: string;
}

export function workerRoutes({ operations, inventory, content, version }: WorkerRoutesOptions): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/workers",
      access: "viewer",
      summary: "Workers, live and lately gone",
      answer: { description: "Workers" },
      handle: () => operations.workers(),
    }),
    route<{ Body: AskWorkersRequest }>({
      method: "POST",
      path: "/v1/workers/ask",
      access: "viewer",
      summary: "Ask live workers something, held until all have answered",
      body: AskWorkersSchema,
      answer: { description: "Who answered what, and who did not" },
      handle: ({ principal, body }, reply) => operations.orderWorkers(principal, body, clientGone(reply, ANSWERS)),
    }),
    route<{ Body: ControlWorkersRequest }>({
      method: "POST",
      path: "/v1/workers/control",
      access: "admin",
      summary: "Reload, drain or stop live workers, held until all have answered",
      body: ControlWorkersSchema,
      answer: { description: "Who answered what, and who did not" },
      handle: ({ principal, body }, reply) => operations.orderWorkers(principal, body, clientGone(reply, ANSWERS)),
    }),
    route<{ Body: RegisterRequest }>({
      method: "POST",
      path: "/v1/workers",
      access: "worker",
      summary: "Register a worker and open its session",
      beforeBody: (body) => requireWorkerProtocol(body, version),
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
        operations.claim(principal, params.session, body, workerGone(reply, body.wait)),
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
    route<{ Params: Session; Body: ReloadedTypes }>({
      method: "POST",
      path: "/v1/workers/:session/types",
      access: "worker",
      summary: "Store the types that a worker has loaded anew",
      params: BySession,
      body: ReloadedTypesSchema,
      answer: { status: 204, description: "They are stored" },
      handle: async ({ principal, params, body }, reply) => {
        await operations.reloadedTypes(principal, params.session, body, inventory.types.saveFromWorker);
        return reply.code(204).send();
      },
    }),
    route<{ Params: Session; Querystring: LeasedContent }>({
      method: "GET",
      path: "/v1/workers/:session/content",
      access: "worker",
      summary: "The bytes of a content that an entry leased to the worker names",
      params: BySession,
      query: LeasedContentSchema,
      answer: { description: "The bytes", contentType: "application/octet-stream" },
      handle: async ({ principal, params, query }, reply) => {
        await operations.requireLeasedContent(principal, params.session, query);
        return sendContent(reply, await content.read(query.sha256));
      },
    }),
    route<{ Params: Session; Body: StopRequest }>({
      method: "POST",
      path: "/v1/workers/:session/stop",
      access: "worker",
      summary:
        "End the session; what it still holds lapses at once, or is queued again when it says that it began none of it",
      params: BySession,
      body: StopSchema,
      bodyOptional: true,
      answer: { status: 204, description: "The session has ended" },
      handle: async ({ principal, params, body }, reply) => {
        await operations.stopWorker(principal, params.session, body);
        return reply.code(204).send();
      },
    }),
  ];
}
