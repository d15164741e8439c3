/** A route as data: what fastify serves, what OpenAPI shows, and who may call it, written down once. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { TSchema } from "typebox";
import type { Principal } from "../access/principal.ts";

/**
 * Who may call it. "viewer": everyone who reads (viewer, operator, admin); "operator": operator and admin; "worker":
 * worker and admin; "any": every token; "public": nobody has to say who they are.
 */
export type Access = "public" | "any" | "viewer" | "operator" | "admin" | "worker";

export interface Shapes {
  Body?: unknown;
  Querystring?: unknown;
  Params?: unknown;
}

export interface Route<S extends Shapes = Shapes> {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `/v1/entries/:id` */
  path: string;
  access: Access;
  /** One line for OpenAPI. */
  summary: string;
  body?: TSchema;
  /** Looks at the body before its schema does. @throws WilcoError what is said instead. */
  beforeBody?: (body: unknown) => void;
  /** A request without a body counts as `{}`. */
  bodyOptional?: boolean;
  /** Takes any bytes as its body, which it reads as a stream. */
  streams?: boolean;
  /** Bytes of its body at most, where that is more than `LIMITS.body`. */
  bodyLimit?: number;
  query?: TSchema;
  params?: TSchema;
  /** Headers it reads, for OpenAPI: name → description. */
  headers?: Record<string, string>;
  /** What it answers, in words; `status` when it is not 200, `contentType` when it is not JSON. */
  answer: { status?: number; description: string; contentType?: string };
  handle: (request: Asked<S>, reply: FastifyReply) => unknown;
}

export interface Asked<S extends Shapes> {
  body: S["Body"];
  query: S["Querystring"];
  params: S["Params"];
  headers: FastifyRequest["headers"];
  principal: Principal;
}

/** Keeps the types of one route's shapes inside the route: fastify validated them against its schemas. */
export function route<S extends Shapes>(definition: Route<S>): Route {
  return definition as unknown as Route;
}

declare module "fastify" {
  interface FastifyContextConfig {
    access?: Access;
    streams?: boolean;
  }
  interface FastifyRequest {
    principal: Principal;
  }
}
