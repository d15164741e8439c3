/** The worker's registration with the server, renewed when the server has ended it. */
import { WilcoError } from "../core/errors.ts";
import type { RegisterAnswer, RegisterRequest } from "../protocol/messages.ts";
import type { Log } from "../resource-types/log.ts";
import type { WorkerApi } from "./api.ts";
import { untilAnswered } from "./repeat.ts";

export interface Session {
  /** Of the newest registration. */
  current(): RegisterAnswer;
  /** When the newest answered registration was sent, by the worker's clock. */
  registeredAt(): number;
  /** @throws WilcoError when the server refuses this worker: forbidden, worker_name_taken … */
  open(): Promise<void>;
  /** After `session_ended`: registers again, once however many ask. `ended` is the session that was refused. */
  renew(ended: string): Promise<void>;
  /**
   * Calls with the newest session until answered, across renewals.
   * @param until ends the repetition. Default: with the worker.
   * @throws WilcoError when the call is refused.
   */
  call<T>(what: string, make: (session: string) => Promise<T>, until?: AbortSignal): Promise<T>;
}

export interface SessionOptions {
  api: WorkerApi;
  /** As it is now: types may be loaded anew. */
  registration: () => RegisterRequest;
  /** Ends all waiting. */
  signal: AbortSignal;
  /** Monotonic ms. */
  now: () => number;
  log: Log;
  onRenewed: () => void;
  /** No session can be had any more. */
  onRefused: (error: unknown) => void;
}

/** Two holders of one state directory would end each other's sessions for ever: that is not a server that forgot us. */
const RENEWALS = { most: 5, within: 60_000 };

export function createSession({ api, registration, signal, now, log, onRenewed, onRefused }: SessionOptions): Session {
  let answer: RegisterAnswer | null = null;
  let sentAt = 0;
  let renewal: Promise<void> | undefined;
  let renewals: number[] = [];

  async function register(): Promise<void> {
    answer = await untilAnswered(
      async () => {
        const sent = now();
        const registered = await api.register(registration(), { signal });
        sentAt = sent;
        return registered;
      },
      {
        signal,
        log,
        what: "register",
      },
    );
  }

  function current(): RegisterAnswer {
    if (answer) return answer;
    throw new WilcoError({ code: "internal", message: "The worker is not registered yet." });
  }

  async function renew(ended: string): Promise<void> {
    if (current().session !== ended) return;
    renewal ??= (async () => {
      try {
        renewals = [...renewals.filter((at) => now() - at < RENEWALS.within), now()];
        if (renewals.length > RENEWALS.most) throw contested(registration().name);
        log.warn({ worker: registration().name }, "the server has ended the session, registering again");
        await register();
        onRenewed();
      } catch (error) {
        if (!signal.aborted) onRefused(error);
        throw error;
      } finally {
        renewal = undefined;
      }
    })();
    await renewal;
  }

  return {
    current,
    registeredAt: () => sentAt,
    open: register,
    renew,
    async call(what, make, until = signal) {
      for (;;) {
        const { session } = current();
        try {
          return await untilAnswered(() => make(session), { signal: until, log, what });
        } catch (error) {
          if (!(error instanceof WilcoError) || error.code !== "session_ended") throw error;
          await renew(session);
        }
      }
    },
  };
}

function contested(name: string): WilcoError {
  return new WilcoError({
    code: "worker_name_taken",
    message: `The session of worker "${name}" was ended ${RENEWALS.most} times within a minute: another worker uses its name and a copy of its state directory.`,
    hint: "Give each worker a name and a state directory of its own.",
  });
}
