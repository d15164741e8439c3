/** What discoveries found: looked at, taken into the inventory, ignored. */
import type { Inventory } from "../../inventory/inventory.ts";
import type { FindingsQuery, IgnoreFindings, TakeFindings } from "../../protocol/messages.ts";
import { FindingsQuerySchema, IgnoreFindingsSchema, TakeFindingsSchema } from "../../protocol/inventory-schemas.ts";
import { route, type Route } from "../route.ts";

export function discoveryRoutes({ inventory }: { inventory: Inventory }): Route[] {
  return [
    route<{ Querystring: FindingsQuery }>({
      method: "GET",
      path: "/v1/discoveries",
      access: "viewer",
      summary: "What discoveries found, a page at a time",
      query: FindingsQuerySchema,
      answer: { description: "Findings, and where the next page begins" },
      handle: ({ query }) => inventory.findings(query),
    }),
    route<{ Body: TakeFindings }>({
      method: "POST",
      path: "/v1/discoveries/take",
      access: "admin",
      summary: "Make findings resources, all or none; with `dryRun` only the plan",
      body: TakeFindingsSchema,
      answer: { description: "What was (or would be) added and changed" },
      handle: ({ body, principal }) =>
        inventory.takeFindings({
          ids: [...new Set(body.findings)],
          by: principal.name,
          dryRun: body.dryRun ?? false,
        }),
    }),
    route<{ Body: IgnoreFindings }>({
      method: "POST",
      path: "/v1/discoveries/ignore",
      access: "admin",
      summary: "Leave findings out until they are taken",
      body: IgnoreFindingsSchema,
      answer: { description: "The findings" },
      handle: async ({ body, principal }) => ({
        items: await inventory.ignoreFindings([...new Set(body.findings)], principal.name),
      }),
    }),
  ];
}
