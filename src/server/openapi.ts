/** OpenAPI 3.1 from the routes themselves: its schemas are JSON Schema 2020-12, which is what the routes have. */
import { ERROR_STATUS } from "../core/errors.ts";
import { API } from "../protocol/paths.ts";
import type { Route } from "./route.ts";

type Schema = { properties?: Record<string, { description?: string }>; required?: string[] };

const ERROR_ANSWER = {
  description: "What is wrong and what to do about it",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
};

export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-z]+)/g, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "wilco",
      version,
      description: `All calls but the health checks take a bearer token. Paths begin with ${API}.`,
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: {
        Error: {
          type: "object",
          required: ["code", "message"],
          properties: {
            code: { type: "string", enum: Object.keys(ERROR_STATUS) },
            message: { type: "string", description: "What is wrong" },
            hint: { type: "string", description: "What to do about it" },
            details: { description: "Machine-readable particulars" },
          },
        },
      },
    },
  };
}

function operationOf(route: Route): object {
  const { status = 200, description, contentType = "application/json" } = route.answer;
  const parameters = [
    ...parametersOf(route.params, "path"),
    ...parametersOf(route.query, "query"),
    ...Object.entries(route.headers ?? {}).map(([name, text]) => ({
      name,
      in: "header",
      required: false,
      description: text,
      schema: { type: "string" },
    })),
  ];
  return {
    summary: route.summary,
    operationId: operationId(route),
    ...(route.access === "public"
      ? { security: [] }
      : { security: [{ token: [] }], description: `Needs a token of role: ${route.access}.` }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body
      ? {
          requestBody: {
            required: !(route.bodyOptional ?? false),
            content: { "application/json": { schema: route.body } },
          },
        }
      : {}),
    responses: {
      [status]: status === 204 ? { description } : { description, content: { [contentType]: { schema: {} } } },
      default: ERROR_ANSWER,
    },
  };
}

function parametersOf(schema: unknown, where: "path" | "query"): object[] {
  const { properties = {}, required = [] } = (schema ?? {}) as Schema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === "path" || required.includes(name),
    ...(property.description === undefined ? {} : { description: property.description }),
    schema: property,
  }));
}

/** `postEntriesIdCancel`: stable as long as method and path are. */
function operationId({ method, path }: Route): string {
  const words = path.split(/[^a-z0-9]+/i).filter((word) => word !== "" && word !== "v1");
  return method.toLowerCase() + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}
