/** Connections to hosts, one for each, shared by the operations that run there at once, closed when unused for a while. */
import { canonicalJson } from "../../core/json.ts";
import { openSsh, type SshConnection } from "./connect.ts";
import type { SshTarget } from "./connection.ts";

export interface SshConnections {
  /**
   * Calls `use` with a connection that is open as far as anybody knows. When the one that was kept turns out to be dead
   * before anything was started (`use` throws StaleConnection), it is called once more with a new one.
   */
  use<T>(target: SshTarget, signal: AbortSignal, use: (connection: SshConnection) => Promise<T>): Promise<T>;
  /** Closes what nobody uses. */
  closeIdle(): void;
}

/** Nothing was started over this connection: it broke before. */
export class StaleConnection extends Error {}

/** sshd's own limit is ten sessions a connection (MaxSessions); some are left for ending what runs. */
const MOST_USERS = 7;

interface Kept {
  opening: Promise<SshConnection>;
  users: number;
  waiting: Array<() => void>;
  used: boolean;
  timer?: NodeJS.Timeout;
}

export function createSshConnections(): SshConnections {
  const kept = new Map<string, Kept>();

  function open(key: string, target: SshTarget): Kept {
    const one: Kept = { opening: openSsh(target), users: 0, waiting: [], used: false };
    const forget = () => {
      if (kept.get(key) === one) kept.delete(key);
      clearTimeout(one.timer);
    };
    one.opening.then((connection) => connection.lost.then(forget), forget);
    kept.set(key, one);
    return one;
  }

  async function take(one: Kept, signal: AbortSignal): Promise<void> {
    clearTimeout(one.timer);
    if (one.users < MOST_USERS) {
      one.users++;
      return;
    }
    const turn = Promise.withResolvers<void>();
    one.waiting.push(turn.resolve);
    try {
      await orAborted(turn.promise, signal);
    } catch (error) {
      const at = one.waiting.indexOf(turn.resolve);
      if (at >= 0) one.waiting.splice(at, 1);
      // Its turn came in the same moment: the next one's now.
      else passOn(one);
      throw error;
    }
  }

  /** Whoever waits takes the place over. */
  function passOn(one: Kept): void {
    const next = one.waiting.shift();
    if (next) next();
    else one.users--;
  }

  function giveBack(one: Kept, idleTimeout: number): void {
    one.used = true;
    passOn(one);
    if (one.users > 0) return;
    one.timer = setTimeout(() => close(one), idleTimeout);
    one.timer.unref();
  }

  function close(one: Kept): void {
    if (one.users === 0) one.opening.then((connection) => connection.close()).catch(() => {}); // never opened: nothing to close
  }

  return {
    async use(target, signal, use) {
      const key = canonicalJson(target);
      for (;;) {
        const one = kept.get(key) ?? open(key, target);
        const again = one.used;
        await take(one, signal);
        try {
          const connection = await orAborted(one.opening, signal);
          return await use(connection);
        } catch (error) {
          if (!(error instanceof StaleConnection)) throw error;
          if (kept.get(key) === one) kept.delete(key);
          one.opening.then((connection) => connection.close()).catch(() => {});
          if (!again) throw error.cause;
        } finally {
          giveBack(one, target.idleTimeout);
        }
      }
    },
    closeIdle() {
      for (const one of kept.values()) close(one);
    },
  };
}

/** The opening goes on for the others who wait for it; `connectTimeout` bounds it. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
