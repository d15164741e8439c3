/**
 * Whose routes are known to hold nothing. A claim that found its routes empty need not look again before something was
 * announced for one of them: a worker claims anew after each answer, and of its claims every second one was such a look.
 */
import type { Change } from "./signals.ts";

export interface DryRoutes {
  /** How much was announced so far for these routes; to be taken before the database is looked at. */
  announced(routes: readonly string[]): number;
  /** The session found nothing left for so many slots on its routes when so much was announced. */
  isDry(session: string, announced: number, slots: number): void;
  /**
   * Whether nothing was announced since the session found them empty. With more slots it may take what it had to leave to
   * a worker that keeps itself free for it, so that says nothing about them.
   */
  stillDry(session: string, routes: readonly string[], slots: number): boolean;
  forget(session: string): void;
  receive(change: Change | null): void;
}

/** Anybody may name a route in a submit; past so many the counts begin anew. */
const REMEMBERED = 10_000;

export function createDryRoutes(): DryRoutes {
  const byRoute = new Map<string, number>();
  const dry = new Map<string, { announced: number; slots: number }>();
  /** Announcements that may be of any route. */
  let everything = 0;

  /** Every sum is greater afterwards than it was before, whatever routes it is of. */
  function forgetRoutes(): void {
    for (const count of byRoute.values()) everything += count;
    everything++;
    byRoute.clear();
  }

  // Each of them only grows, so that equal sums mean that none has grown.
  const announced = (routes: readonly string[]): number =>
    routes.reduce((sum, route) => sum + (byRoute.get(route) ?? 0), everything);

  return {
    announced,
    isDry: (session, count, slots) => void dry.set(session, { announced: count, slots }),
    stillDry(session, routes, slots) {
      const found = dry.get(session);
      return found !== undefined && slots <= found.slots && found.announced === announced(routes);
    },
    forget: (session) => void dry.delete(session),
    receive(change) {
      if (change === null) everything++;
      else for (const route of change.routes ?? []) byRoute.set(route, (byRoute.get(route) ?? 0) + 1);
      if (byRoute.size > REMEMBERED) forgetRoutes();
    },
  };
}
