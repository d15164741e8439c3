/** Versions as entity tags: `"3"`. */
import type { FastifyRequest } from "fastify";
import { invalid } from "./errors.ts";

export function etagOf(version: number): string {
  return `"${version}"`;
}

/** What If-Match asks: a version, "any" for `*`, undefined without the header. */
export function expectedVersion(headers: FastifyRequest["headers"]): number | "any" | undefined {
  const header = headers["if-match"];
  if (header === undefined) return undefined;
  if (header.trim() === "*") return "any";
  const match = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header.trim());
  if (match) return Number(match[1]);
  throw invalid(
    "The If-Match header is not a version",
    'Send the ETag that the resource was read with, such as If-Match: "3".',
  );
}
