/** Bearer tokens: who asks, and whether their role may call the route. */
import type { FastifyRequest } from "fastify";
import type { Principal } from "../access/principal.ts";
import type { Tokens } from "../access/tokens.ts";
import { WilcoError } from "../core/errors.ts";
import type { TokenRole } from "../protocol/messages.ts";
import type { Access } from "./route.ts";

const ALLOWED: Record<Exclude<Access, "public">, readonly TokenRole[]> = {
  any: ["viewer", "operator", "worker", "admin"],
  viewer: ["viewer", "operator", "admin"],
  operator: ["operator", "admin"],
  admin: ["admin"],
  // A worker holds opened secrets of what it claims, and nothing else: it can't even read the inventory.
  worker: ["worker", "admin"],
};

const ARTICLE: Record<TokenRole, string> = { viewer: "a", operator: "an", worker: "a", admin: "an" };

type Done = (error?: Error) => void;

/** An onRequest hook in callback form: a known token costs no promise, and the body is not read for an unknown one. */
export function createAuthorize(tokens: Tokens): (request: FastifyRequest, reply: unknown, done: Done) => void {
  return (request, _reply, done) => {
    const { access } = request.routeOptions.config;
    // Unknown paths have none and say only that they are unknown.
    if (access === undefined || access === "public") return done();
    const admit = (principal: Principal) => {
      request.principal = principal;
      done(ALLOWED[access].includes(principal.role) ? undefined : forbidden(principal, access, request));
    };
    try {
      const found = tokens.verify(bearerOf(request));
      if (found instanceof Promise) found.then(admit, done);
      else admit(found);
    } catch (error) {
      done(error as Error);
    }
  };
}

function bearerOf(request: FastifyRequest): string {
  const header = request.headers.authorization;
  const match = header === undefined ? null : /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(header);
  if (match) return match[1]!;
  throw new WilcoError({
    code: "unauthenticated",
    message: header === undefined ? "The request has no token" : "The authorization header is not a bearer token",
    hint: "Send `Authorization: Bearer TOKEN`; the command line takes it from WILCO_TOKEN, --token-file or `wilco login`.",
  });
}

function forbidden(principal: Principal, access: Exclude<Access, "public">, request: FastifyRequest): WilcoError {
  const roles = ALLOWED[access].filter((role) => role !== principal.role);
  return new WilcoError({
    code: "forbidden",
    message: `The token "${principal.name}" is ${ARTICLE[principal.role]} ${principal.role}'s and may not ${request.method} ${request.routeOptions.url ?? request.url}`,
    hint: `That takes a token of role ${roles.join(" or ")}.`,
  });
}
