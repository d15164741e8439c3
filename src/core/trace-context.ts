/** W3C trace context: the one header that carries a trace from a caller to the server and on to the worker. */

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The header's value, or null for anything else: a caller's mistake there must not refuse its work. */
export function readTraceparent(header: unknown): string | null {
  return typeof header === "string" && TRACEPARENT.test(header) ? header : null;
}
