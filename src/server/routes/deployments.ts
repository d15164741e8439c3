/** Versions of resources: what was deployed, and the way back. A deploy itself is submitted like any call. */
import { Type } from "typebox";
import type { Operations } from "../../operations/contract.ts";
import {
  DeploymentsQuerySchema,
  RollbackSchema,
  type DeploymentsQuery,
  type RollbackRequest,
} from "../../protocol/content-schemas.ts";
import { idempotencyKey, KEY_HEADER } from "../idempotency-key.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 256 }) });
type Name = { name: string };

export function deploymentRoutes({ operations }: { operations: Operations }): Route[] {
  return [
    route<{ Params: Name; Querystring: DeploymentsQuery }>({
      method: "GET",
      path: "/v1/resources/:name/deployments",
      access: "viewer",
      summary: "What was deployed to a resource, the newest first",
      params: ByName,
      query: DeploymentsQuerySchema,
      answer: { description: "A page of versions" },
      handle: ({ params, query }) => operations.deployments(refOf(params), query),
    }),
    route<{ Params: Name; Body: RollbackRequest }>({
      method: "POST",
      path: "/v1/resources/:name/rollback",
      access: "operator",
      summary: "Deploy an older version of a resource anew",
      params: ByName,
      body: RollbackSchema,
      bodyOptional: true,
      headers: KEY_HEADER,
      answer: { description: "The entry of the deploy as filed, and whether its key was known" },
      handle: (asked) => operations.rollBack(asked.principal, refOf(asked.params), asked.body, idempotencyKey(asked)),
    }),
  ];
}

/** Names are never digits only. */
function refOf({ name }: Name): string | number {
  return /^\d+$/.test(name) ? Number(name) : name;
}
