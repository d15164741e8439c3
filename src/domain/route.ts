/** Where a message goes: "zone/role" (any worker that serves both) or "worker/NAME" (that one only). */
import { WilcoError } from "../core/errors.ts";

export const DEFAULT_ZONE = "default";
export const DEFAULT_ROLE = "automate";

/** Names of zones, roles, workers, types, operations, groups, tokens. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

export function isName(text: string): boolean {
  return NAME_PATTERN.test(text);
}

/** @throws WilcoError `invalid_request` unless `text` is a name. */
export function requireName(text: string, what: string): string {
  if (!isName(text)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${JSON.stringify(text.slice(0, 80))} is not a valid ${what}`,
      hint: "Names are letters, digits, '.', '_' and '-', start with a letter or digit, and have at most 128 characters.",
    });
  }
  return text;
}

export interface RouteTarget {
  zone: string;
  role: string;
  /** The worker the resource is bound to, or that the call named. */
  worker: string | null;
}

export function routeOf(target: RouteTarget): string {
  return target.worker === null ? zoneRoute(target.zone, target.role) : workerRoute(target.worker);
}

/**
 * The worker that a call goes to and no other: the one that its resource is bound to, or that it names.
 * @throws WilcoError `invalid_request` when these are two.
 */
export function bindingOf(target: { name: string; worker: string | null }, asked: string | undefined): string | null {
  if (target.worker === null) return asked ?? null;
  if (asked !== undefined && asked !== target.worker) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${target.name} is bound to the worker ${target.worker}, so ${asked} can't run its operations`,
      hint: "Leave the worker out of the call, or bind the resource to another worker.",
    });
  }
  return target.worker;
}

export function zoneRoute(zone: string, role: string): string {
  return `${zone}/${role}`;
}

export function workerRoute(name: string): string {
  return `worker/${name}`;
}

/**
 * A route as people type it: "zone/role", or "worker/NAME".
 * @throws WilcoError `invalid_request`.
 */
export function parseRoute(text: string): string {
  const [zone = "", role = "", ...more] = text.split("/");
  if (more.length === 0 && isName(zone) && isName(role)) return text;
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(text.slice(0, 300))} is not a route`,
    hint: `A route is zone/role (${zoneRoute(DEFAULT_ZONE, DEFAULT_ROLE)}) or worker/NAME.`,
  });
}

/** Every route a worker takes messages from. "worker" is therefore not a zone's name. */
export function routesServedBy(worker: { name: string; zone: string; roles: readonly string[] }): string[] {
  return [workerRoute(worker.name), ...worker.roles.map((role) => zoneRoute(worker.zone, role))];
}
