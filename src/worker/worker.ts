/** A worker: claims messages of its routes from a server and runs them. */
import { messageOf } from "../core/errors.ts";
import { type Lifecycle, lifecycle } from "../core/lifecycle.ts";
import type { JsonObject } from "../core/json.ts";
import type { HeartbeatAnswer } from "../protocol/messages.ts";
import { createSchemaValidator } from "../domain/schema.ts";
import { createClaimOfOne } from "./claim-of-one.ts";
import { type Claims, createClaims } from "./claims.ts";
import { createContents } from "./contents.ts";
import { noticeDenials } from "./denials.ts";
import { createExecutor } from "./executor.ts";
import { createGuard, type Guard } from "../resource-types/guard.ts";
import { SPAWN_VARIABLE } from "../resource-types/spawn-record.ts";
import { createHandlerPool, type HandlerPool } from "./handlers/pool.ts";
import { readHealth } from "./health.ts";
import { createHeartbeat } from "./heartbeat.ts";
import type { WorkerOptions } from "./options.ts";
import { createOrders } from "./orders.ts";
import { createReporter } from "./reporter.ts";
import { registrationOf, statusOf } from "./self.ts";
import { createSession, type Session } from "./session.ts";
import { openStateDirectory, type StateDirectory } from "./state-directory.ts";
import { createTypesInUse } from "./types-in-use.ts";
import { createWork, type Work } from "./work.ts";
import { removeLeftovers } from "./workspace.ts";

export interface Worker extends Lifecycle {
  /**
   * Registers; resolves when it is ready, which is not before a server answers.
   * @throws WilcoError `conflict` (the directory is in use), `worker_name_taken`, `unauthenticated`, `forbidden`.
   */
  start(): Promise<void>;
  /** Claims nothing more; resolves when everything that ran has ended and is reported. Still registered then. */
  drain(): Promise<void>;
  /** Drains, takes leave of the server, lets go of its directory. Does not end what runs, however long that takes. */
  stop(): Promise<void>;
  /**
   * The second request: hands back what may be repeated, aborts the rest, and stops. Safe at any time, also during
   * `stop`. What can't be told to the server within 10 s is left to the lease's end.
   */
  stopNow(): Promise<void>;
  /** Resolves when it has stopped, for whatever reason; rejects when the server will not have it any more. */
  readonly stopped: Promise<void>;
}

const KILL_GRACE = 5_000;
const CONTENT_CACHE = 4 * 1024 ** 3;
const LAST_WORDS = 10_000;
const GOODBYE = 3_000;
/** Executions named in one answer. */
const MOST_RUNNING = 1_000;

export function createWorker(options: WorkerOptions): Worker {
  const { name, log, clock = () => performance.now() } = options;
  const api = noticeDenials(options.api, (error) => parts && refuse(error));
  const startedAt = clock();
  const types = createTypesInUse(options.types, options.reloadTypes);
  const life = new AbortController();
  const end = Promise.withResolvers<void>();
  // Whoever does not look at it must not be ended by it.
  end.promise.catch(() => {});
  let parts: Parts | undefined;
  let refusal: unknown;
  let draining: Promise<void> | undefined;

  const whole = lifecycle({
    async start() {
      const directory = openStateDirectory(options.stateDir);
      try {
        await removeLeftovers(directory.tempRoot, log);
        parts = await open(directory);
      } catch (error) {
        directory.close();
        end.resolve();
        throw error;
      }
      parts.heartbeat.start();
      parts.claims.start();
      log.info({ worker: name, zone: options.zone, roles: options.roles, capacity: options.capacity }, "worker ready");
    },
    async stop() {
      if (!parts) return;
      await drain();
      await close(parts);
    },
  });

  async function open(directory: StateDirectory): Promise<Parts> {
    const session = createSession({
      api,
      registration: () => registrationOf(options, types, directory.succession),
      signal: life.signal,
      now: clock,
      log,
      onRenewed: () => parts?.heartbeat.beat(),
      onRefused: refuse,
    });
    await session.open();
    const reporter = createReporter({
      api,
      session,
      signal: life.signal,
      log,
      onCancel: (lease) => work.abort(lease, "cancel"),
      onLost: (lease) => work.abort(lease, "lost"),
      claims: { carry: () => claims.carry(), carried: (assignments) => claims.carried(assignments) },
    });
    const killGrace = options.killGrace ?? Math.min(KILL_GRACE, session.current().grace / 2);
    const guard = createGuard({ variable: SPAWN_VARIABLE, log });
    const handlers = createHandlerPool({
      types: types.definitions(),
      min: options.minProcesses ?? 0,
      directory: directory.tempRoot,
      killGrace,
      guard,
      log,
    });
    void handlers.warm();
    const execute = createExecutor({
      resolve: types.resolver(handlers.run),
      schemas: createSchemaValidator(),
      tempRoot: directory.tempRoot,
      typeDirectory: directory.typeDirectory,
      contents: createContents({
        directory: directory.contents,
        limit: options.contentCache ?? CONTENT_CACHE,
        fetch: (leased, signal) => api.content(session.current().session, leased, signal),
        log,
      }),
      killGrace,
      guard,
      log,
    });
    const work: Work = createWork({
      capacity: options.capacity,
      execute,
      reporter,
      now: clock,
      log,
      tracing: options.tracing ?? null,
      onFree: () => claims.wake(),
      ...(options.watch ? { watch: options.watch } : {}),
    });
    const beats = { carry: () => heartbeat.carry(), carried: (answer?: HeartbeatAnswer) => heartbeat.carried(answer) };
    const wait = options.claimWait === undefined ? {} : { wait: options.claimWait };
    const claims: Claims =
      options.entry === undefined
        ? createClaims({ api, session, work, heartbeat: beats, finishing: reporter.finishing, log, ...wait })
        : createClaimOfOne({ api, session, work }, options.entry, {
            onDone: () => void stop().catch(() => {}),
            onRefused: refuse,
          });
    const orders = createOrders({
      commands: {
        ping: () => ({}),
        status: () =>
          statusOf(options, work, {
            draining: draining !== undefined,
            uptime: clock() - startedAt,
          }) as unknown as JsonObject,
        running: () => ({ running: work.running().slice(0, MOST_RUNNING) }) as unknown as JsonObject,
        reload: () => reload(session, handlers),
        drain: () => leave(work, stop),
        stop: () => leave(work, stopNow),
      },
      onAnswer: () => heartbeat.beat(),
      log,
    });
    const heartbeat = createHeartbeat({
      api,
      session,
      work,
      orders,
      now: clock,
      log,
      health: () => readHealth(options.stateDir),
      onDrain: () => void stop().catch(() => {}),
    });
    return { directory, session, reporter, guard, handlers, work, claims, heartbeat };
  }

  /** Answered with what it leaves to be done, before it is done. */
  function leave(work: Work, how: () => Promise<void>): JsonObject {
    const running = work.leases().length;
    setImmediate(() => void how().catch((error: unknown) => log.error({ error: messageOf(error) }, "stop failed")));
    return { running };
  }

  async function reload(session: Session, handlers: HandlerPool): Promise<JsonObject> {
    const changes = await types.reload((descriptors) =>
      session.call("types", (id) => api.reloaded(id, { types: descriptors })),
    );
    handlers.renew(types.definitions());
    log.info({ worker: name, ...changes }, "types loaded anew");
    return changes;
  }

  /** No session can be had: what runs can't be reported, and another worker may run it already. */
  function refuse(error: unknown): void {
    if (refusal !== undefined) return;
    const line = { worker: name, error: messageOf(error) };
    // Who claims one entry is told by what `stopped` rejects with.
    if (options.entry === undefined) log.error(line, "the server will not have this worker any more");
    else log.info(line, "the entry can't be claimed");
    refusal = error;
    void stopNow().catch(() => {});
  }

  async function drain(): Promise<void> {
    if (!parts) return;
    const { heartbeat, work, claims } = parts;
    draining ??= (async () => {
      log.info({ worker: name, running: work.leases().length }, "worker draining");
      heartbeat.drain();
      work.drain();
      await claims.stop();
      await work.idle();
    })();
    await draining;
  }

  function stop(): Promise<void> {
    // It may still be waiting for a server that answers.
    if (!parts) life.abort(new Error("The worker was stopped before it was registered."));
    return whole.stop();
  }

  async function stopNow(): Promise<void> {
    if (!parts) return stop();
    parts.work.abortAll();
    const giveUp = setTimeout(() => life.abort(new Error("The worker stops.")), refusal === undefined ? LAST_WORDS : 0);
    await stop().finally(() => clearTimeout(giveUp));
  }

  async function close({ heartbeat, handlers, guard, reporter, session, work, directory }: Parts): Promise<void> {
    await handlers.stop();
    await guard.stop();
    for (const type of options.types) await type.close?.();
    await heartbeat.stop();
    await reporter.stop();
    // Not when it stops without having said everything: what it ran might then be run again.
    const idle = !life.signal.aborted && work.leases().length === 0;
    const patience = { timeout: GOODBYE, signal: AbortSignal.timeout(GOODBYE) };
    const goodbye = api.stop(session.current().session, { idle }, patience);
    // It only shortens the wait for the lease's end.
    await goodbye.catch((error: unknown) =>
      log.debug({ error: messageOf(error) }, "the server did not hear the goodbye"),
    );
    life.abort(new Error("The worker has stopped."));
    directory.close();
    log.info({ worker: name }, "worker stopped");
    if (refusal === undefined) end.resolve();
    else end.reject(refusal);
  }

  return { start: whole.start, drain, stop, stopNow, stopped: end.promise };
}

interface Parts {
  directory: StateDirectory;
  session: ReturnType<typeof createSession>;
  reporter: ReturnType<typeof createReporter>;
  guard: Guard;
  handlers: HandlerPool;
  work: Work;
  claims: Claims;
  heartbeat: ReturnType<typeof createHeartbeat>;
}
