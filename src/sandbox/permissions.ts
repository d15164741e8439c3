/**
 * What a script may do beyond calling wilco as its token allows: nothing, unless it is named here. Checked on the host,
 * at the bridge; what the guest knows of it is for better sentences only.
 */
import { WilcoError } from "../core/errors.ts";
import { OPERATION_PATTERN } from "../domain/operation-pattern.ts";
import { parseSelector } from "../domain/selector.ts";

export interface Permissions {
  /** Environment variables that it may read. */
  env: readonly string[];
  /** Absolute directories below which it may read files. */
  read: readonly string[];
  /** Hosts that it may send HTTP requests to. */
  net: readonly NetTarget[];
  /** Patterns of the only operations that it may submit, retry or cancel; undefined = those of its token. */
  operations: readonly string[] | undefined;
  /** Selectors of the only resources that it may do that with; undefined = those of its token. */
  resources: readonly string[] | undefined;
}

export interface NetTarget {
  /** In lower case; IPv6 in brackets. */
  host: string;
  /** undefined = any. */
  port: number | undefined;
}

export const NO_PERMISSIONS: Permissions = Object.freeze({
  env: [],
  read: [],
  net: [],
  operations: undefined,
  resources: undefined,
});

/** The flag that allows each. */
export const PERMISSION_FLAGS = {
  env: "--allow-env",
  read: "--allow-read",
  net: "--allow-net",
  operations: "--allow-operation",
  resources: "--allow-resource",
} as const satisfies Record<keyof Permissions, string>;

/** @throws WilcoError `invalid_request` unless `text` can be the name of an environment variable. */
export function requireEnvName(text: string): string {
  if (/^[^=\0\s]+$/.test(text)) return text;
  throw invalid(`${JSON.stringify(text)} is no name of an environment variable`, "Name one: --allow-env HOME.");
}

/** "api.example.com", "api.example.com:443", "[::1]:8080". @throws WilcoError `invalid_request`. */
export function parseNetTarget(text: string): NetTarget {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^\s/:@?#[\]*]+)(?::(\d{1,5}))?$/.exec(text);
  const url = match ? URL.parse(`http://${match[1]}`) : null;
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  if (url !== null && (port === undefined || (port >= 1 && port <= 65_535))) return { host: url.hostname, port };
  throw invalid(
    `${JSON.stringify(text)} is no host to allow`,
    "Write HOST or HOST:PORT, without a scheme, a path or a pattern: --allow-net api.example.com:443.",
  );
}

export function formatNetTarget({ host, port }: NetTarget): string {
  return port === undefined ? host : `${host}:${port}`;
}

export function netAllowed(targets: readonly NetTarget[], url: URL): boolean {
  const port = portOf(url);
  return targets.some((target) => target.host === url.hostname && (target.port === undefined || target.port === port));
}

export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
}

/** An operation's name or a glob ("re*"), alone or after its type's ("process.*"). @throws WilcoError `invalid_request`. */
export function requireOperationPattern(text: string): string {
  if (OPERATION_PATTERN.test(text)) return text;
  throw invalid(
    `${JSON.stringify(text)} is no pattern of operations`,
    'Write an operation or TYPE.OPERATION; * and ? stand for any letters: --allow-operation "process.re*".',
  );
}

/** @throws WilcoError `invalid_selector`. */
export function requireSelector(text: string): string {
  parseSelector(text);
  return text;
}

/** What was asked for beyond what is allowed. */
export function notPermitted(what: string, kind: keyof Permissions, value: string): WilcoError {
  return new WilcoError({
    code: "not_permitted",
    message: `${what} is not permitted`,
    hint: `Run it with ${PERMISSION_FLAGS[kind]} ${quoted(value)} if it is to do that`,
    details: { flag: PERMISSION_FLAGS[kind], value },
  });
}

/** As a shell takes it. */
export function quoted(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

function invalid(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
