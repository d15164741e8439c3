/**
 * The processes that run handlers: started when they are needed, used again while they are sound, ended when they are
 * idle. How many there are at once is how many executions the worker's slots let run.
 */
import { messageOf } from "../../core/errors.ts";
import type { Guard } from "../../resource-types/guard.ts";
import type { Log } from "../../resource-types/log.ts";
import type { OperationContext, ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import { killWithUs } from "./kill-with-us.ts";
import { type HandlerProcess, openHandlerProcess } from "./handler-process.ts";

export interface HandlerPool {
  /** Starts what is to be there always. A failure is logged: the first execution tells it, too. */
  warm(): Promise<void>;
  /** @throws what the handler throws, or why its process did not get to its end. */
  run(source: HandlerSource, context: OperationContext): Promise<unknown>;
  /** Types were loaded anew: processes that have loaded older files take nothing more. */
  renew(types: readonly ResourceTypeDefinition[]): void;
  /** Kills all of them with everything they started. */
  stop(): Promise<void>;
}

type HandlerSource = NonNullable<ResourceTypeDefinition["source"]>;

export interface HandlerPoolOptions {
  /** Those that the worker has; without one that names a `source` there are no processes. */
  types: readonly ResourceTypeDefinition[];
  /** Processes kept even when nothing runs. Default 0. */
  min?: number;
  /** Where records of the processes go. */
  directory: string;
  /** ms that an aborted handler gets before its process is killed. */
  killGrace: number;
  /** Ends them when the worker is killed. Default: none does. */
  guard?: Guard;
  log: Log;
  /** ms an unused process above `min` is kept. Default 60 s. */
  idleTime?: number;
  /** MB that a process's JavaScript objects may take. Default 1,024. */
  heap?: number;
}

export function createHandlerPool(options: HandlerPoolOptions): HandlerPool {
  const { types, directory, killGrace, guard, log, idleTime = 60_000, heap = 1_024 } = options;
  let { library, generation: oldest } = sourceOf(types);
  const min = () => (library === undefined ? 0 : (options.min ?? 0));
  /** With the generation of files that each may load. */
  const all = new Map<HandlerProcess, number>();
  /** Oldest first: the newest is taken, so that the others can be ended. */
  const idle: Array<{ one: HandlerProcess; since: number }> = [];
  const forget = killWithUs(() => [...all.keys()].map(({ pid }) => pid));
  let starting = 0;
  let stopped = false;
  let sweeper: NodeJS.Timeout | undefined;

  async function open(library: string, generation: number): Promise<HandlerProcess> {
    starting++;
    try {
      const one = await openHandlerProcess({ directory, library, heap, killGrace, log, ...(guard && { guard }) });
      all.set(one, generation);
      return one;
    } finally {
      starting--;
    }
  }

  /** One that has loaded the file already, if there is one. */
  function takeIdle({ file, generation }: HandlerSource): HandlerProcess | undefined {
    for (;;) {
      const fits = (one: HandlerProcess) => all.get(one) === generation;
      const loaded = idle.findLastIndex(({ one }) => fits(one) && one.files.has(file));
      const at = loaded >= 0 ? loaded : idle.findLastIndex(({ one }) => fits(one));
      const [taken] = at >= 0 ? idle.splice(at, 1) : [];
      if (!taken || taken.one.reusable) return taken?.one;
      void end(taken.one);
    }
  }

  async function end(one: HandlerProcess): Promise<void> {
    all.delete(one);
    await one.stop().catch((error: unknown) => {
      log.warn({ pid: one.pid, error: messageOf(error) }, "what a handler's process left could not be removed");
    });
  }

  function giveBack(one: HandlerProcess): void {
    if (one.reusable && !stopped && (all.get(one) ?? 0) >= oldest) {
      idle.push({ one, since: performance.now() });
      schedule();
      return;
    }
    void end(one);
    if (!stopped) void warm();
  }

  async function warm(): Promise<void> {
    const missing = min() - all.size - starting;
    if (library === undefined || missing <= 0) return;
    try {
      const opened = await Promise.all(Array.from({ length: missing }, () => open(library!, oldest)));
      for (const one of opened) giveBack(one);
    } catch (error) {
      log.error({ error: messageOf(error) }, "a process for handlers could not be started");
    }
  }

  function schedule(): void {
    if (sweeper || all.size <= min()) return;
    sweeper = setTimeout(sweep, idleTime);
    sweeper.unref();
  }

  function sweep(): void {
    sweeper = undefined;
    const old = performance.now() - idleTime;
    while (all.size > min() && idle.length > 0 && idle[0]!.since <= old) void end(idle.shift()!.one);
    if (idle.length > 0) schedule();
  }

  return {
    warm,
    async run(source, context) {
      const one = takeIdle(source) ?? (await open(source.library, source.generation));
      try {
        context.signal.throwIfAborted();
        return await one.run({ file: source.file, type: context.resource.type }, context);
      } finally {
        giveBack(one);
      }
    },
    renew(renewed) {
      ({ library, generation: oldest } = sourceOf(renewed));
      const old = idle.filter(({ one }) => (all.get(one) ?? 0) < oldest);
      for (const each of old) {
        idle.splice(idle.indexOf(each), 1);
        void end(each.one);
      }
      void warm();
    },
    async stop() {
      stopped = true;
      clearTimeout(sweeper);
      await Promise.all([...all.keys()].map(end));
      forget();
    },
  };
}

/** All types that name a source were loaded together. */
function sourceOf(types: readonly ResourceTypeDefinition[]): { library: string | undefined; generation: number } {
  const source = types.find((type) => type.source)?.source;
  return { library: source?.library, generation: source?.generation ?? 0 };
}
