/**
 * Little memory while there is little to do. V8 collects when its room is used up, and widens the room by what outlives a
 * collection: a thousand held requests that are replaced every 20 s fill 100 MB with garbage that nobody is in a hurry to
 * collect. V8 has a mode for programs in the background, in which it looks for garbage bit by bit every few seconds and
 * gives back what is free. It is for calm times, in which besides the room for young objects does not grow: under load
 * it would cost a fifth of the processor time.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";

export interface FrugalHeap {
  stop(): void;
}

export interface FrugalHeapOptions {
  /** Processor time of the process since it was last asked, as a share of one core. */
  load?: () => number;
  /** Calls back with the number of collections that there were; @returns what ends it. */
  watch?: (collected: (count: number) => void) => () => void;
  /** V8 reads both flags that it is called with at each collection, so they may change while it runs. */
  setFlag?: (flag: string) => void;
}

const LOOK_EVERY = 1_000;
const BUSY = 0.3;
const CALM = 0.15;
/** Collections between two looks. In a small room that many are 16 MB of garbage; 1,000 idle workers make 2 MB a second. */
const MANY = 16;
/** Looks in a row that make it calm. */
const CALM_LOOKS = 3;

/** Of the whole process: for the command that it belongs to. */
export function keepHeapFrugal(options: FrugalHeapOptions = {}): FrugalHeap {
  const { load = ofProcess(), watch = watchCollections, setFlag = setFlagsFromString } = options;
  let frugal = false;
  let growth: 1 | 2 | 8 = 2;
  let calmLooks = 0;
  let collections = 0;

  function set(wanted: { frugal: boolean; growth: 1 | 2 | 8 }): void {
    if (wanted.frugal !== frugal) setFlag(wanted.frugal ? "--optimize-for-size" : "--no-optimize-for-size");
    if (wanted.growth !== growth) setFlag(`--semi-space-growth-factor=${wanted.growth}`);
    ({ frugal, growth } = wanted);
  }

  function hurry(): void {
    calmLooks = 0;
    // V8 itself doubles it. From as little as a calm process has, that takes too long.
    set({ frugal: false, growth: 8 });
  }

  // At once: a burst may be over by the next look. And a server that waits for its database may have much to collect
  // and little to compute.
  const unwatch = watch((count) => {
    collections += count;
    if (collections >= MANY) hurry();
  });

  function look(): void {
    const share = load();
    collections = 0;
    calmLooks = share < CALM ? calmLooks + 1 : 0;
    if (share >= BUSY) hurry();
    else if (calmLooks >= CALM_LOOKS) set({ frugal: true, growth: 1 });
  }

  const timer = setInterval(look, LOOK_EVERY);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      unwatch();
      set({ frugal: false, growth: 2 });
    },
  };
}

function watchCollections(collected: (count: number) => void): () => void {
  const observer = new PerformanceObserver((list) => collected(list.getEntries().length));
  observer.observe({ entryTypes: ["gc"] });
  return () => observer.disconnect();
}

/** Not the event loop's utilization: where others use the machine too, a loop that waits for its turn looks busy. */
function ofProcess(): () => number {
  let usage = process.cpuUsage();
  let at = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(usage);
    const ms = performance.now() - at;
    usage = process.cpuUsage();
    at += ms;
    return (user + system) / 1_000 / ms;
  };
}
