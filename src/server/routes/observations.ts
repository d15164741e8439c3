/** What was seen of resources over time. */
import { Type } from "typebox";
import type { Inventory } from "../../inventory/inventory.ts";
import type { AvailabilityQuery, MetricsQuery } from "../../protocol/messages.ts";
import { AvailabilityQuerySchema, MetricsQuerySchema } from "../../protocol/inventory-schemas.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 256 }) });
type Name = { name: string };

export function observationRoutes({ inventory }: { inventory: Inventory }): Route[] {
  return [
    route<{ Params: Name; Querystring: AvailabilityQuery }>({
      method: "GET",
      path: "/v1/resources/:name/availability",
      access: "viewer",
      summary: "The changes of a resource's availability, and its share of time up",
      params: ByName,
      query: AvailabilityQuerySchema,
      answer: { description: "Changes, the newest first, and ms in each availability" },
      handle: ({ params, query }) => inventory.availabilityOf(params.name, query),
    }),
    route<{ Params: Name; Querystring: MetricsQuery }>({
      method: "GET",
      path: "/v1/resources/:name/metrics",
      access: "viewer",
      summary: "The metrics of a resource as they were kept",
      params: ByName,
      query: MetricsQuerySchema,
      answer: { description: "Series by name, oldest point first" },
      handle: ({ params, query }) => inventory.metricsOf(params.name, query),
    }),
  ];
}
