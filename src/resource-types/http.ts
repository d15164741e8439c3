/** `http`: a service that answers HTTP requests. */
import { setTimeout as sleep } from "node:timers/promises";
import { formatDuration, parseDuration } from "../core/durations.ts";
import type { JsonObject } from "../core/json.ts";
import { exchange, type HttpReply, isNoAnswer, shown } from "./http-exchange.ts";
import { OperationError } from "./operation-error.ts";
import { checkResult, COUNT, described, resultOf } from "./results.ts";
import { defineResourceType, type OperationContext, parametersOf } from "./sdk.ts";
import { isExpected, statusWords, unexpectedStatus } from "./yaml-http.ts";

interface Connection {
  url: string;
  headers: Record<string, string>;
  timeout: string;
}

const PATH = { type: "string", default: "", description: "added to the connection's url" };
const LATENCY = described({ type: "number" }, "ms");
const STATUS = { type: "integer" };
const HEADERS = { type: "object", additionalProperties: { type: "string" } };
const BODY = { description: "what the JSON of the answer holds; of another content type its text" };
const EXPECT = {
  type: "array",
  items: { type: "integer", minimum: 100, maximum: 599 },
  minItems: 1,
  description: "statuses that count as success; default: any 2xx",
};
/** Without a unit, or a misspelt one, is found before anything is sent. */
const DURATION = "^(\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*)+$";

export const httpType = defineResourceType({
  name: "http",
  description: "A service that answers HTTP requests.",
  runsOn: "any",
  builtin: true,
  checkEvery: "1m",
  metricsEvery: "5m",
  metrics: { latency: { unit: "ms", description: "of one GET, from the call to the last byte of the answer" } },
  connection: parametersOf(
    {
      url: { type: "string", pattern: "^https?://", description: "base URL" },
      headers: {
        type: "object",
        additionalProperties: { type: "string" },
        default: {},
        secret: true,
        description: "sent with every request, e.g. authorization",
      },
      timeout: { type: "string", pattern: DURATION, default: "10s", description: "of one request" },
    },
    ["url"],
  ),
  operations: {
    check: {
      description: "One GET of the url: up when it is answered as expected.",
      parameters: parametersOf({ path: PATH, expect: EXPECT }),
      exclusive: false,
      onLost: "requeue",
      timeout: "1m",
      result: checkResult({ status: STATUS, latency: LATENCY }),
      handler: check,
    },
    metrics: {
      description: "How long one GET of the url takes; fails when it is not answered as expected.",
      parameters: parametersOf({ path: PATH, expect: EXPECT }),
      exclusive: false,
      onLost: "requeue",
      timeout: "1m",
      result: resultOf({ latency: LATENCY }),
      handler: metrics,
    },
    request: {
      description: "Send one request and return the answer. Not repeated when its worker is lost.",
      parameters: parametersOf({
        method: { enum: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"], default: "GET" },
        path: PATH,
        headers: { type: "object", additionalProperties: { type: "string" }, default: {} },
        body: { description: "a text is sent as it is, anything else as JSON" },
        expect: EXPECT,
      }),
      timeout: "5m",
      result: resultOf({ status: STATUS, latency: LATENCY, headers: HEADERS, body: BODY }),
      handler: request,
    },
    waitUntilHealthy: {
      description: "Repeat the check until it is up, or give up after a time.",
      parameters: parametersOf({
        path: PATH,
        expect: EXPECT,
        timeout: { type: "string", pattern: DURATION, default: "1m", description: "give up after" },
        interval: { type: "string", pattern: DURATION, default: "500ms", description: "between two checks" },
      }),
      exclusive: false,
      onLost: "requeue",
      timeout: "1h",
      result: resultOf({
        availability: { const: "up" },
        status: STATUS,
        latency: LATENCY,
        checks: COUNT,
        waited: described(COUNT, "ms"),
      }),
      handler: waitUntilHealthy,
    },
  },
});

async function check(context: OperationContext): Promise<JsonObject> {
  const expect = expected(context);
  try {
    const reply = await send(context, { method: "GET" });
    const { status, latency } = reply;
    if (isExpected(status, expect)) return { availability: "up", status, latency };
    return { availability: "down", reason: statusWords(status, expect), status, latency };
  } catch (error) {
    if (!isNoAnswer(error)) throw error;
    return { availability: "down", reason: error.message };
  }
}

async function metrics(context: OperationContext): Promise<unknown> {
  const reply = await send(context, { method: "GET" });
  if (!isExpected(reply.status, expected(context))) {
    throw unexpectedStatus({ method: "GET", url: urlOf(context) }, reply, expected(context));
  }
  return { latency: reply.latency };
}

async function request(context: OperationContext): Promise<unknown> {
  const { method, headers, body } = context.parameters as {
    method: string;
    headers: Record<string, string>;
    body?: unknown;
  };
  const reply = await send(context, { method, headers, body });
  if (!isExpected(reply.status, expected(context))) {
    throw unexpectedStatus({ method, url: urlOf(context) }, reply, expected(context));
  }
  const isJson = /^application\/(.*\+)?json\b/.test(reply.headers["content-type"] ?? "");
  return {
    status: reply.status,
    latency: reply.latency,
    headers: reply.headers,
    body: isJson ? parsed(reply.text) : reply.text,
  };
}

async function waitUntilHealthy(context: OperationContext): Promise<unknown> {
  const { timeout, interval } = context.parameters as { timeout: string; interval: string };
  const limit = parseDuration(timeout, "timeout");
  const pause = parseDuration(interval, "interval");
  const start = performance.now();
  for (let checks = 1; ; checks++) {
    const seen = await check(context);
    const waited = Math.round(performance.now() - start);
    if (seen["availability"] === "up") return { ...seen, checks, waited };
    const why = seen["reason"] as string;
    context.progress(checks, null, why);
    if (waited + pause > limit) {
      throw new OperationError({
        code: "not_healthy",
        message: `${shown(urlOf(context))} did not become healthy within ${formatDuration(limit)} (${checks} checks): ${why}`,
        details: { ...seen, checks, waited },
      });
    }
    await sleep(pause, undefined, { signal: context.signal });
  }
}

function send(
  context: OperationContext,
  what: { method: string; headers?: Record<string, string>; body?: unknown },
): Promise<HttpReply> {
  const { headers, timeout } = context.resource.connection as unknown as Connection;
  return exchange({
    ...what,
    url: urlOf(context),
    headers: { ...headers, ...what.headers },
    timeout: parseDuration(timeout ?? "10s", "connection.timeout"),
    signal: context.signal,
  });
}

/** The path is added to the base's own, which it can't leave: not to another host, nor above. */
function urlOf(context: OperationContext): string {
  const { url } = context.resource.connection as unknown as Connection;
  const { path } = context.parameters as { path: string };
  if (path === "") return url;
  const base = new URL(url);
  const prefix = base.pathname.replace(/\/$/, "");
  const whole = new URL(`${base.origin}${prefix}${path.startsWith("/") || path.startsWith("?") ? "" : "/"}${path}`);
  if (whole.origin === base.origin && (whole.pathname === prefix || whole.pathname.startsWith(`${prefix}/`)))
    return whole.href;
  throw new OperationError({
    code: "invalid_request",
    message: `The path ${JSON.stringify(path)} leads out of ${shown(url)}.`,
    hint: "Give a path below the connection's url.",
  });
}

function expected(context: OperationContext): number[] | null {
  return (context.parameters as { expect?: number[] }).expect ?? null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // It only claims to be JSON; the text is what there is.
    return text;
  }
}
