/**
 * Whose routes are known to hold nothing. A claim that found its routes empty need not look again before something was
 * announced for one of them: a worker claims anew after each answer, and of its claims every second one was such a look.
 */
import type { Change } from "./signals.ts";

export interface DryRoutes {
  /** How much was announced so far for these routes; to be taken before the database is looked at. */
  announced(routes: readonly string[]): number;
  /** The session found nothing left on its routes when so much was announced. */
  isDry(session: string, announced: number): void;
  /** Whether nothing was announced since the session found them empty. */
  stillDry(session: string, routes: readonly string[]): boolean;
  forget(session: string): void;
  receive(change: Change | null): void;
}

export function createDryRoutes(): DryRoutes {
  const byRoute = new Map<string, number>();
  const dry = new Map<string, number>();
  /** Announcements that may be of any route. */
  let everything = 0;

  // Each of them only grows, so that equal sums mean that none has grown.
  const announced = (routes: readonly string[]): number =>
    routes.reduce((sum, route) => sum + (byRoute.get(route) ?? 0), everything);

  return {
    announced,
    isDry: (session, count) => void dry.set(session, count),
    stillDry: (session, routes) => dry.get(session) === announced(routes),
    forget: (session) => void dry.delete(session),
    receive(change) {
      if (change === null) everything++;
      else for (const route of change.routes ?? []) byRoute.set(route, (byRoute.get(route) ?? 0) + 1);
    },
  };
}
