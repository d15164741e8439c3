/**
 * Little memory while there is little to do. V8 collects when its room is used up, and makes the room larger with what
 * outlives a collection: a thousand held requests that are replaced every 20 s fill 100 MB with garbage which nobody is
 * in a hurry to collect. V8 has a mode for programs in the background, in which it marks garbage bit by bit, keeps the room
 * small and gives back what is free. Under load it would cost a fifth of the processor time, so it is left at the first
 * sign of some. (The flag is read by each collection, and changes nothing else that runs.)
 */
import { setFlagsFromString } from "node:v8";

export interface FrugalHeap {
  stop(): void;
}

export interface FrugalHeapOptions {
  /** Processor time of the process since it was last asked, as a share of one core. */
  load?: () => number;
  setFlag?: (flag: string) => void;
}

const LOOK_EVERY = 1_000;
const BUSY = 0.5;
const CALM = 0.25;
/** So many looks in a row. */
const CALM_LOOKS = 3;

/** Of the whole process: for the command that it belongs to. */
export function keepHeapFrugal(options: FrugalHeapOptions = {}): FrugalHeap {
  const { load = ofProcess(), setFlag = setFlagsFromString } = options;
  let frugal = false;
  let calmLooks = 0;

  function be(wanted: boolean): void {
    if (frugal === wanted) return;
    frugal = wanted;
    setFlag(wanted ? "--optimize-for-size" : "--no-optimize-for-size");
  }

  function look(): void {
    const share = load();
    calmLooks = share < CALM ? calmLooks + 1 : 0;
    if (share >= BUSY) be(false);
    else if (calmLooks >= CALM_LOOKS) be(true);
  }

  const timer = setInterval(look, LOOK_EVERY);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      be(false);
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
