/** What goes wrong, one thing after the other, as the seed says. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "./random.ts";
import type { DrillWorld } from "./world.ts";

export interface Chaos {
  /** How often each thing was done. */
  readonly counts: Readonly<Record<string, number>>;
  /** Everything has been done at least once. */
  readonly complete: boolean;
  /** Resolves when everything runs again. */
  stop(): Promise<void>;
}

export interface ChaosOptions {
  world: DrillWorld;
  random: Random;
  /** ms. */
  lease: number;
  /** ms between two things, least and most. */
  pause: readonly [number, number];
  say: (what: string) => void;
}

type Act = (options: ChaosOptions) => Promise<void>;

const ACTS: Readonly<Record<string, { weight: number; act: Act }>> = {
  "worker killed": { weight: 4, act: killWorker },
  "server killed": { weight: 4, act: killServer },
  "server restarted": { weight: 2, act: restartServer },
  "database killed": { weight: 2, act: killDatabase },
  "connections cut": { weight: 4, act: cutConnections },
  "worker frozen": { weight: 2, act: freezeWorker },
  "server frozen": { weight: 1, act: freezeServer },
};

export function startChaos(options: ChaosOptions): Chaos {
  const { random, pause, say, world } = options;
  const counts: Record<string, number> = {};
  const stopping = new AbortController();
  const possible = Object.keys(ACTS).filter((name) => name !== "database killed" || world.postgres);
  const weighted = possible.flatMap((name) => Array.from({ length: ACTS[name]!.weight }, () => name));
  /** First each once, then by weight. */
  const first = shuffled(possible, random);

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await sleep(random.between(...pause), undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const name = first.shift() ?? random.pick(weighted);
      say(name);
      const began = performance.now();
      await ACTS[name]!.act(options);
      // On a busy machine a start takes long: at least half of the time everything runs.
      const took = performance.now() - began;
      await sleep(took, undefined, { signal: stopping.signal }).catch(() => {});
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  const running = run();
  return {
    counts,
    get complete() {
      return Object.keys(counts).length === possible.length;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

async function killWorker({ world, random }: ChaosOptions): Promise<void> {
  const worker = random.pick(world.workers);
  await worker.kill();
  await sleep(random.between(0, 500));
  await worker.start();
}

async function killServer({ world, random }: ChaosOptions): Promise<void> {
  const server = random.pick(world.servers);
  await server.piece.kill();
  await sleep(random.between(0, 500));
  await server.start();
}

/** Asked to stop, as in a rolling restart. */
async function restartServer({ world, random }: ChaosOptions): Promise<void> {
  const server = random.pick(world.servers);
  await server.piece.stop();
  await server.start();
}

async function killDatabase({ world, random }: ChaosOptions): Promise<void> {
  await world.postgres!.crash();
  await sleep(random.between(0, 2_000));
  await world.postgres!.restart();
}

async function cutConnections({ world, random }: ChaosOptions): Promise<void> {
  const proxies = [...world.servers.map(({ proxy }) => proxy), ...(world.databaseProxy ? [world.databaseProxy] : [])];
  random.pick(proxies).cut();
}

/** Past its lease, so that what it runs is repeated elsewhere or shown as silent; then it wakes up. */
async function freezeWorker({ world, random, lease }: ChaosOptions): Promise<void> {
  const worker = random.pick(world.workers);
  worker.freeze();
  await sleep(lease * 1.5 + random.between(0, lease));
  worker.thaw();
}

async function freezeServer({ world, random, lease }: ChaosOptions): Promise<void> {
  const { piece } = random.pick(world.servers);
  piece.freeze();
  await sleep(random.between(lease / 2, lease * 1.5));
  piece.thaw();
}
