/** Resources, types, groups, and whole inventory documents. */
import { Type } from "typebox";
import type { Inventory } from "../../inventory/inventory.ts";
import type {
  ExportQuery,
  GroupsQuery,
  InventoryDocument,
  ResourceInput,
  ResourcePatch,
  ResourcesQuery,
} from "../../protocol/messages.ts";
import {
  ExportQuerySchema,
  GroupsQuerySchema,
  InventorySchema,
  ResourceInputSchema,
  ResourcePatchSchema,
  ResourcesQuerySchema,
} from "../../protocol/inventory-schemas.ts";
import { LIMITS } from "../../protocol/schema-parts.ts";
import { etagOf, expectedVersion } from "../etag.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 256 }) });
type Name = { name: string };

const IF_MATCH = { "if-match": "The version (ETag) that the change is meant for; `*` = it must exist" };

export function inventoryRoutes({ inventory }: { inventory: Inventory }): Route[] {
  return [
    route<{ Querystring: ResourcesQuery }>({
      method: "GET",
      path: "/v1/resources",
      access: "viewer",
      summary: "Resources that a selector names, a page at a time",
      query: ResourcesQuerySchema,
      answer: { description: "Resources, and the cursor of the next page" },
      handle: ({ query }) => inventory.resources(query),
    }),
    route<{ Params: Name }>({
      method: "GET",
      path: "/v1/resources/:name",
      access: "viewer",
      summary: "One resource, by name or id",
      params: ByName,
      answer: { description: "The resource; its version is the ETag" },
      handle: async ({ params }, reply) => {
        const resource = await inventory.resource(params.name);
        void reply.header("etag", etagOf(resource.version));
        return resource;
      },
    }),
    route<{ Params: Name; Body: ResourceInput }>({
      method: "PUT",
      path: "/v1/resources/:name",
      access: "admin",
      summary: "Add a resource, or replace all of it",
      params: ByName,
      body: ResourceInputSchema,
      headers: IF_MATCH,
      answer: { description: "The resource; 201 when it was added" },
      handle: async ({ params, body, headers }, reply) => {
        const { resource, added } = await inventory.putResource(params.name, body, expectedVersion(headers));
        void reply.code(added ? 201 : 200).header("etag", etagOf(resource.version));
        return resource;
      },
    }),
    route<{ Params: Name; Body: ResourcePatch }>({
      method: "PATCH",
      path: "/v1/resources/:name",
      access: "admin",
      summary: "Change parts of a resource; secrets stay as they are unless they are given",
      params: ByName,
      body: ResourcePatchSchema,
      headers: IF_MATCH,
      answer: { description: "The resource as it is now" },
      handle: async ({ params, body, headers }, reply) => {
        const { resource } = await inventory.patchResource(params.name, body, expectedVersion(headers));
        void reply.header("etag", etagOf(resource.version));
        return resource;
      },
    }),
    route<{ Params: Name }>({
      method: "DELETE",
      path: "/v1/resources/:name",
      access: "admin",
      summary: "Delete a resource without children and unfinished entries",
      params: ByName,
      headers: IF_MATCH,
      answer: { status: 204, description: "It is gone; its entries stay in the history" },
      handle: async ({ params, headers }, reply) => {
        await inventory.deleteResource(params.name, expectedVersion(headers));
        return reply.code(204).send();
      },
    }),
    route({
      method: "GET",
      path: "/v1/types",
      access: "viewer",
      summary: "All resource types",
      answer: { description: "Descriptors, by name" },
      handle: async () => ({ items: await inventory.typeList() }),
    }),
    route<{ Params: Name }>({
      method: "GET",
      path: "/v1/types/:name",
      access: "viewer",
      summary: "One resource type",
      params: ByName,
      answer: { description: "The descriptor" },
      handle: ({ params }) => inventory.type(params.name),
    }),
    route<{ Params: Name }>({
      method: "DELETE",
      path: "/v1/types/:name",
      access: "admin",
      summary: "Remove a type that no resource is of, that is not built in and that no live worker brings",
      params: ByName,
      answer: { status: 204, description: "It is gone" },
      handle: async ({ params }, reply) => {
        await inventory.deleteType(params.name);
        return reply.code(204).send();
      },
    }),
    route<{ Params: Name }>({
      method: "DELETE",
      path: "/v1/groups/:name",
      access: "admin",
      summary: "Remove a group that no other group names; its members stay",
      params: ByName,
      answer: { status: 204, description: "It is gone" },
      handle: async ({ params }, reply) => {
        await inventory.deleteGroup(params.name);
        return reply.code(204).send();
      },
    }),
    route<{ Querystring: GroupsQuery }>({
      method: "GET",
      path: "/v1/groups",
      access: "viewer",
      summary: "All groups",
      answer: { description: "Groups, by name" },
      query: GroupsQuerySchema,
      handle: async ({ query }) => ({
        items: query.sizes === true ? await inventory.groupsWithSizes() : await inventory.groups(),
      }),
    }),
    route<{ Body: InventoryDocument }>({
      method: "POST",
      path: "/v1/inventory/apply",
      access: "admin",
      summary: "Apply an inventory document; with `dryRun` only the plan",
      body: InventorySchema,
      // One transaction is one document: 100,000 resources are 15 MB, with long connections several times that.
      bodyLimit: LIMITS.inventory,
      answer: { description: "What was (or would be) added and changed" },
      handle: ({ body }) => inventory.apply(body),
    }),
    route<{ Querystring: ExportQuery }>({
      method: "GET",
      path: "/v1/inventory/export",
      access: "viewer",
      summary: "The inventory as a document that can be applied again",
      query: ExportQuerySchema,
      answer: { description: "The document, secrets as masks, and where they are" },
      handle: ({ query }) => inventory.export(query.selector ?? ""),
    }),
  ];
}
