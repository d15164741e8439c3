/** What is known of the configurations of resources. They are changed by entries like everything else. */
import { Type } from "typebox";
import type { Configurations } from "../../inventory/configurations.ts";
import { route, type Route } from "../route.ts";

const ByName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 256 }) });
const version = (minimum: number) => Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER });
const KnownQuery = Type.Object({ version: Type.Optional(version(1)) }, { additionalProperties: false });
const VersionsQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ pattern: "^[1-9]\\d{0,14}$" })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  },
  { additionalProperties: false },
);
const DifferencesQuery = Type.Object({ from: version(0), to: version(0) }, { additionalProperties: false });

type Name = { name: string };

export function configurationRoutes({ configurations }: { configurations: Configurations }): Route[] {
  return [
    route<{ Params: Name; Querystring: { version?: number } }>({
      method: "GET",
      path: "/v1/resources/:name/configuration",
      access: "viewer",
      summary: "The known configuration of a resource, the newest or an older version",
      params: ByName,
      query: KnownQuery,
      answer: {
        description: "The configuration with its version, author, time and entry; version 0 = nothing is known",
      },
      handle: ({ params, query }) => configurations.known(params.name, query.version),
    }),
    route<{ Params: Name; Querystring: { cursor?: string; limit?: number } }>({
      method: "GET",
      path: "/v1/resources/:name/configuration/versions",
      access: "viewer",
      summary: "The versions of a configuration, the newest first, a page at a time",
      params: ByName,
      query: VersionsQuery,
      answer: { description: "Versions with what each changed, and the cursor of the next page" },
      handle: ({ params, query: { cursor, limit } }) =>
        configurations.versions(params.name, {
          ...(cursor === undefined ? {} : { before: Number(cursor) }),
          ...(limit === undefined ? {} : { limit }),
        }),
    }),
    route<{ Params: Name; Querystring: { from: number; to: number } }>({
      method: "GET",
      path: "/v1/resources/:name/configuration/differences",
      access: "viewer",
      summary: "What differs between two versions of a configuration",
      params: ByName,
      query: DifferencesQuery,
      answer: { description: "Each place that differs, with its value before and after" },
      handle: async ({ params, query }) => ({
        items: await configurations.differences(params.name, query.from, query.to),
      }),
    }),
  ];
}
