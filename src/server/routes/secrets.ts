/** The secret store. Values go in from admins and come out to operators, whose scripts use them. */
import { Type } from "typebox";
import { WilcoError } from "../../core/errors.ts";
import type { SecretStore } from "../../inventory/secret-store.ts";
import type { SecretInput } from "../../protocol/messages.ts";
import { SecretInputSchema } from "../../protocol/schemas.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });
type Name = { name: string };

export function secretRoutes({ secrets }: { secrets: SecretStore }): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/secrets",
      access: "viewer",
      summary: "The names of the stored secrets",
      answer: { description: "Names, and who set them when; no values" },
      handle: async () => ({ items: await secrets.list() }),
    }),
    route<{ Params: Name }>({
      method: "GET",
      path: "/v1/secrets/:name",
      access: "operator",
      summary: "One stored secret, with its value",
      params: ByName,
      answer: { description: "Name and value" },
      handle: ({ principal, params }, reply) => {
        if (principal.script && (principal.script.operations ?? principal.script.resources) !== null) throw limited();
        void reply.header("cache-control", "no-store");
        return secrets.reveal(params.name);
      },
    }),
    route<{ Params: Name; Body: SecretInput }>({
      method: "PUT",
      path: "/v1/secrets/:name",
      access: "admin",
      summary: "Store a secret, or replace its value",
      params: ByName,
      body: SecretInputSchema,
      answer: { description: "The secret without its value" },
      handle: ({ principal, params, body }) => secrets.set(principal.name, params.name, body.value),
    }),
    route<{ Params: Name }>({
      method: "DELETE",
      path: "/v1/secrets/:name",
      access: "admin",
      summary: "Remove a stored secret",
      params: ByName,
      answer: { status: 204, description: "It is gone; what was submitted with it still runs" },
      handle: async ({ params }, reply) => {
        await secrets.remove(params.name);
        return reply.code(204).send();
      },
    }),
  ];
}

/** A script that may not do all that its caller may is one that is not trusted. */
function limited(): WilcoError {
  return new WilcoError({
    code: "not_permitted",
    message: "A script whose operations or resources are limited gets no stored secrets",
    hint: "Run it without --allow-operation and --allow-resource, or put the secret into the resource's connection.",
  });
}
