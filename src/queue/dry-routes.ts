/**
 * Whose routes are known to hold nothing. A claim that found its routes empty need not look again before something was
 * announced for one of them: a worker claims anew after each answer, and of its claims every second one was such a look.
 */
import type { Change } from "./signals.ts";

interface Dry {
  /** How much was announced for its routes when it looked. */
  announced: number;
  slots: number;
  /** What it may not take may still be there: that it found nothing does not say that there is nothing. */
  selective: boolean;
}

export interface DryRoutes {
  /** How much was announced so far for these routes; to be taken before the database is looked at. */
  announced(routes: readonly string[]): number;
  /** The session found nothing left that it may take. */
  isDry(session: string, found: Dry): void;
  /**
   * What the session found, if nothing was announced since. With more slots it may take what it had to leave to
   * a worker that keeps itself free for it, so that says nothing about them.
   */
  stillDry(session: string, routes: readonly string[], slots: number): Dry | undefined;
  forget(session: string): void;
  receive(change: Change | null): void;
}

/** Anybody may name a route in a submit; past so many the counts begin anew. */
const REMEMBERED = 10_000;

export function createDryRoutes(): DryRoutes {
  const byRoute = new Map<string, number>();
  const dry = new Map<string, Dry>();
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
    isDry: (session, found) => void dry.set(session, found),
    stillDry(session, routes, slots) {
      const found = dry.get(session);
      return found && slots <= found.slots && found.announced === announced(routes) ? found : undefined;
    },
    forget: (session) => void dry.delete(session),
    receive(change) {
      if (change === null) everything++;
      else for (const route of change.routes ?? []) byRoute.set(route, (byRoute.get(route) ?? 0) + 1);
      if (byRoute.size > REMEMBERED) forgetRoutes();
    },
  };
}
