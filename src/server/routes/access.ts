/** Tokens, and who one is. */
import { Type } from "typebox";
import type { Tokens } from "../../access/tokens.ts";
import type { Me, TokenInput } from "../../protocol/messages.ts";
import { TokenInputSchema } from "../../protocol/schemas.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });

export function accessRoutes({ tokens, server }: { tokens: Tokens; server: Me["server"] }): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/me",
      access: "any",
      summary: "Who this token is, and which server answers",
      answer: { description: "Name, role and server" },
      handle: ({ principal }): Me => ({ name: principal.name, role: principal.role, server }),
    }),
    route<{ Body: TokenInput }>({
      method: "POST",
      path: "/v1/tokens",
      access: "admin",
      summary: "Create a token",
      body: TokenInputSchema,
      answer: { status: 201, description: "The token, with its secret: the only time it is shown" },
      handle: async ({ principal, body }, reply) => {
        void reply.code(201).header("cache-control", "no-store");
        return tokens.create(principal.name, body);
      },
    }),
    route({
      method: "GET",
      path: "/v1/tokens",
      access: "admin",
      summary: "All tokens, live ones first",
      answer: { description: "Tokens without their secrets" },
      handle: async () => ({ items: await tokens.list() }),
    }),
    route<{ Params: { name: string } }>({
      method: "DELETE",
      path: "/v1/tokens/:name",
      access: "admin",
      summary: "Revoke a token",
      params: ByName,
      answer: { description: "The token, revoked" },
      handle: ({ params }) => tokens.revoke(params.name),
    }),
  ];
}
