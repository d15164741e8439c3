/** Whatever goes wrong leaves as `{ code, message, hint, details }` with the right status. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { messageOf, WilcoError } from "../core/errors.ts";
import { formatBytes } from "../core/bytes.ts";
import { LIMITS } from "../protocol/schema-parts.ts";

/** Levels of a body that always can be walked, whatever is done with it. */
const MAX_DEPTH = 200;

/** Fastify's error handler. What nobody foresaw is logged with its stack and answered without it. */
export function createErrorHandler(
  log: Logger,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  return (error, request, reply) => {
    const known = asWilcoError(error) ?? tooDeep(error, request.body);
    if (!known) {
      log.error({ err: error, method: request.method, url: request.url, request: request.id }, "request failed");
    } else if (known.status >= 500) {
      log.warn({ err: known, method: request.method, url: request.url, request: request.id }, "request failed");
    }
    const answer = known ?? internal(request.id);
    if (answer.code === "unauthenticated") void reply.header("www-authenticate", "Bearer");
    void reply.code(answer.status).send(answer.toBody());
  };
}

/**
 * A body nested so deeply that whoever walked it ran out of stack: the caller's mistake, not the server's. Looked at only
 * when that has happened: counting the levels of every body would cost each request.
 */
function tooDeep(error: unknown, body: unknown): WilcoError | undefined {
  if (!(error instanceof RangeError) || depthOf(body) <= MAX_DEPTH) return undefined;
  return invalid("The body is nested too deeply", `Nest at most ${MAX_DEPTH} lists and objects in each other.`, error);
}

/** Level by level and not by recursion, which is what failed. */
function depthOf(value: unknown): number {
  let depth = 0;
  for (let level = [value]; level.length > 0; depth++) {
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return depth;
}

/** Errors of ours as they are, fastify's own in our words, anything else undefined. */
export function asWilcoError(error: unknown): WilcoError | undefined {
  if (error instanceof WilcoError) return error;
  switch ((error as { code?: unknown } | null)?.code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new WilcoError({
        code: "too_large",
        message: `The body is larger than ${formatBytes(LIMITS.body)}`,
        hint: "Send it in several requests.",
        cause: error,
      });
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return invalid(
        "The body is not declared as JSON",
        "Send it with `Content-Type: application/json`; content with `application/octet-stream`.",
        error,
      );
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return invalid("The body has another length than its header says", "Send the request again.", error);
    case "FST_ERR_BAD_URL":
      return invalid(
        "The URL has a % in it that is not followed by two hexadecimal digits",
        "Encode names with encodeURIComponent.",
        error,
      );
    case "FST_ERR_MAX_PARAM_LENGTH":
    case "FST_ERR_ROUTE_MAX_PARAM_LENGTH":
      return invalid("The name in the URL is too long", "Names have at most 256 characters.", error);
    default:
      return undefined;
  }
}

export function invalid(message: string, hint: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint, cause });
}

/** Parses JSON bodies: fastify's own parser would refuse a result that has a key "__proto__", and with it a whole batch. */
export function parseJsonBody(
  _request: unknown,
  body: string,
  done: (error: Error | null, value?: unknown) => void,
): void {
  // "Nothing" is for the schema to refuse or to fill in.
  if (body === "") return done(null, undefined);
  try {
    done(null, JSON.parse(body) as unknown);
  } catch (error) {
    done(invalid(`The body is not JSON: ${messageOf(error)}`, "Check it with a JSON parser.", error));
  }
}

/** Bytes are for the routes that read streams; elsewhere they are no JSON. */
export function handThrough(
  request: FastifyRequest,
  payload: unknown,
  done: (error: Error | null, value?: unknown) => void,
): void {
  if (request.routeOptions.config.streams === true) return done(null, payload);
  const { headers } = request.raw;
  const isEmpty = headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0";
  if (isEmpty) return done(null, undefined);
  done(invalid("The body is not declared as JSON", "Send it with `Content-Type: application/json`."));
}

function internal(request: string): WilcoError {
  return new WilcoError({
    code: "internal",
    message: `Something went wrong in the server (request ${request})`,
    hint: "The server's log has the details under that request.",
  });
}
