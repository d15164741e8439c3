/**
 * Little memory while there is little to do. V8 collects when its room is used up, and widens the room by what outlives a
 * collection: a thousand held requests that are replaced every 20 s fill 100 MB with garbage that nobody is in a hurry to
 * collect. V8 has a mode for programs in the background, in which it looks for garbage bit by bit every few seconds and
 * gives back what is free. In a calm process it is on for a third of the time, and the room for young objects does not
 * grow; always on it would take half as much processor time again as a thousand idle workers do, and under load a fifth
 * of all. So it is off as soon as there is some.
 */
import { setFlagsFromString } from "node:v8";

export interface FrugalHeap {
  stop(): void;
}

export interface FrugalHeapOptions {
  /** Processor time of the process since it was last asked, as a share of one core. */
  load?: () => number;
  /** Both flags that it is called with are read by V8 at each collection, so they may change while it runs. */
  setFlag?: (flag: string) => void;
}

const LOOK_EVERY = 1_000;
const BUSY = 0.5;
const CALM = 0.25;
/** Looks in a row that make it calm. */
const CALM_LOOKS = 3;
/** Looks, of which it is frugal for the first part. V8 waits 8 s before it collects for the sake of memory. */
const ROUND = 30;
const FRUGAL_PART = 10;

/** Of the whole process: for the command that it belongs to. */
export function keepHeapFrugal(options: FrugalHeapOptions = {}): FrugalHeap {
  const { load = ofProcess(), setFlag = setFlagsFromString } = options;
  let frugal = false;
  let growth: 1 | 2 = 2;
  let calmLooks = 0;

  function set(wanted: { frugal: boolean; growth: 1 | 2 }): void {
    if (wanted.frugal !== frugal) setFlag(wanted.frugal ? "--optimize-for-size" : "--no-optimize-for-size");
    if (wanted.growth !== growth) setFlag(`--semi-space-growth-factor=${wanted.growth}`);
    ({ frugal, growth } = wanted);
  }

  function look(): void {
    const share = load();
    calmLooks = share < CALM ? calmLooks + 1 : 0;
    if (share >= BUSY) set({ frugal: false, growth: 2 });
    else if (calmLooks >= CALM_LOOKS) {
      set({ frugal: (calmLooks - CALM_LOOKS) % ROUND < FRUGAL_PART, growth: 1 });
    }
  }

  const timer = setInterval(look, LOOK_EVERY);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      set({ frugal: false, growth: 2 });
    },
  };
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
