/** Operations that YAML types declare with `http:`: one request, with what counts as success. */
import { formatDuration } from "../core/durations.ts";
import type { HttpImplementation } from "../domain/resource-type.ts";
import { exchange, type HttpReply, type HttpRequest, isNoAnswer, shown } from "./http-exchange.ts";
import { OperationError } from "./operation-error.ts";
import { matchFields } from "./regex-fields.ts";
import type { OperationContext } from "./sdk.ts";
import { lastLines } from "./tail.ts";
import { fillText, fillValue } from "./template.ts";
import { checkResult, noMatch, templateScope } from "./yaml-context.ts";

/** A check that hangs must say "down" well before anybody stops waiting for it. */
const CHECK_TIMEOUT = 10_000;

export async function httpImplementation(
  context: OperationContext,
  implementation: HttpImplementation,
  secrets: Record<string, string> = {},
): Promise<unknown> {
  const request = filled(context, implementation, secrets);
  const { expect } = implementation;
  if (context.operation !== "check") {
    const reply = await exchange(request);
    if (!isExpected(reply.status, expect.status)) throw unexpectedStatus(request, reply, expect.status);
    return resultOf(implementation, reply, request);
  }
  try {
    const reply = await exchange({ ...request, timeout: Math.min(request.timeout, CHECK_TIMEOUT) });
    const facts = { status: reply.status, latency: reply.latency };
    if (!isExpected(reply.status, expect.status))
      return checkResult(false, { ...facts, reason: statusWords(reply.status, expect.status) });
    const own = ["json", "regex"].includes(implementation.result);
    return checkResult(true, facts, own ? await resultOf(implementation, reply, request) : undefined);
  } catch (error) {
    const down = isNoAnswer(error) || (error instanceof OperationError && error.code === "no_match");
    if (!down) throw error;
    return checkResult(false, { reason: error.message });
  }
}

/** `statuses` null = any 2xx. */
export function isExpected(status: number, statuses: readonly number[] | null): boolean {
  return statuses === null ? status >= 200 && status < 300 : statuses.includes(status);
}

/** "answered with 503 instead of a 2xx" */
export function statusWords(status: number, statuses: readonly number[] | null): string {
  return `answered with ${status} instead of ${statuses === null ? "a 2xx" : statuses.join(" or ")}`;
}

export function unexpectedStatus(
  request: { method: string; url: string },
  reply: HttpReply,
  statuses: readonly number[] | null,
): OperationError {
  return new OperationError({
    code: "http_status",
    message: `${request.method} ${shown(request.url)} was ${statusWords(reply.status, statuses)}, after ${formatDuration(reply.latency)}.`,
    details: { status: reply.status, lastLines: lastLines(reply.text.slice(0, 4_096), 10) },
  });
}

/** Values that a caller gave are percent-encoded, so that none of them leads to another path, host or query. */
function encodeParameter(value: string): string {
  // These two are steps in a path however they are encoded.
  if (value !== "." && value !== "..") return encodeURIComponent(value);
  throw new OperationError({
    code: "invalid_request",
    message: `${JSON.stringify(value)} can't be part of a URL's path.`,
    hint: "Give a name.",
  });
}

function filled(
  context: OperationContext,
  implementation: HttpImplementation,
  secrets: Record<string, string>,
): HttpRequest {
  const scope = templateScope(context, secrets);
  const encode = (value: string, [root]: string[]) => (root === "parameters" ? encodeParameter(value) : value);
  const request: HttpRequest = {
    method: implementation.method,
    url: fillText(implementation.url, scope, encode),
    headers: Object.fromEntries(
      Object.entries(implementation.headers).map(([name, value]) => [name, fillText(value, scope)]),
    ),
    timeout: Math.max(1, context.deadline - Date.now()),
    signal: context.signal,
  };
  if (implementation.body !== undefined && implementation.body !== null)
    request.body = fillValue(implementation.body, scope);
  return request;
}

async function resultOf(
  { result: how, regex }: HttpImplementation,
  reply: HttpReply,
  request: HttpRequest,
): Promise<unknown> {
  if (how === "none") return { status: reply.status, latency: reply.latency };
  if (how === "text") return { status: reply.status, latency: reply.latency, text: reply.text };
  if (regex) {
    const fields = await matchFields(reply.text, regex, { signal: request.signal });
    if (fields === null) throw noMatch(`${request.method} ${shown(request.url)}`, regex);
    return fields;
  }
  try {
    return JSON.parse(reply.text) as unknown;
  } catch (error) {
    throw new OperationError({
      code: "invalid_result",
      message: `${request.method} ${shown(request.url)} was answered with ${reply.status}, but the body is not JSON: ${(error as Error).message}.`,
      hint: 'Declare result: "text", or correct what answers.',
    });
  }
}
