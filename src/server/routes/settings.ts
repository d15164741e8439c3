/** What is set for the whole database. */
import { Type } from "typebox";
import type { Operations } from "../../operations/contract.ts";
import type { SettingInput } from "../../protocol/messages.ts";
import { SettingInputSchema } from "../../protocol/schemas.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 128 }) });
type Name = { name: string };

export function settingRoutes({ operations }: { operations: Operations }): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/settings",
      access: "viewer",
      summary: "What is set for all servers of the database: how long things are kept",
      answer: { description: "Settings with their values and defaults, ms" },
      handle: async () => ({ items: await operations.settings() }),
    }),
    route<{ Params: Name; Body: SettingInput }>({
      method: "PUT",
      path: "/v1/settings/:name",
      access: "admin",
      summary: "Change a setting, or give it back its default",
      params: ByName,
      body: SettingInputSchema,
      answer: { description: "The setting as it is now" },
      handle: ({ principal, params, body }) => operations.changeSetting(principal, params.name, body.value),
    }),
  ];
}
