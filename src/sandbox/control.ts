/**
 * The few words that the sandbox's thread and the main thread share: they work while the other side is busy, which
 * messages do not.
 */

/** Index of each word. */
const WORDS = {
  /** 1: end the code that runs, at the engine's next check. */
  stop: 0,
  /** Changes whenever a blocked thread should look again. */
  wake: 1,
  /** A ThreadState. */
  state: 2,
  /** When the CPU budget of the code that runs ends, ms since `epoch`. */
  deadline: 3,
  /** Console characters posted and not yet written. */
  printing: 4,
  /** How often the script was interrupted: look-ups under way are given up when it changes. */
  interrupts: 5,
} as const;

export const THREAD_STATES = ["idle", "running", "blocked"] as const;
/** Waiting for messages; inside the VM; inside the VM, waiting for the main thread. */
export type ThreadState = (typeof THREAD_STATES)[number];

export interface ControlHandle {
  buffer: SharedArrayBuffer;
  epoch: number;
}

export type Control = ReturnType<typeof openControl>;

export function createControl(): ControlHandle {
  const buffer = new SharedArrayBuffer(Object.keys(WORDS).length * Int32Array.BYTES_PER_ELEMENT);
  return { buffer, epoch: performance.timeOrigin + performance.now() };
}

export function openControl(handle: ControlHandle) {
  const words = new Int32Array(handle.buffer);
  const wake = (): void => {
    Atomics.add(words, WORDS.wake, 1);
    Atomics.notify(words, WORDS.wake);
  };
  return {
    handle,
    /** ms since `epoch`: the same in both threads, and not the wall clock. */
    now: (): number => performance.timeOrigin + performance.now() - handle.epoch,
    stop(): void {
      Atomics.store(words, WORDS.stop, 1);
      wake();
    },
    /** Lowers the stop flag again: the VM goes on to be used. */
    resume(): void {
      Atomics.store(words, WORDS.stop, 0);
    },
    stopped: (): boolean => Atomics.load(words, WORDS.stop) === 1,
    interrupt(): void {
      Atomics.add(words, WORDS.interrupts, 1);
      wake();
    },
    interrupts: (): number => Atomics.load(words, WORDS.interrupts),
    wake,
    state: (): ThreadState => THREAD_STATES[Atomics.load(words, WORDS.state)]!,
    deadline: (): number => Atomics.load(words, WORDS.deadline),
    /**
     * Thread: code begins to run. The deadline stays when it stops, and is set before the state: the main thread may
     * look between any two of these, and must never see running code with a deadline that is not its own.
     */
    run(deadline: number): void {
      Atomics.store(words, WORDS.deadline, Math.min(deadline, 2 ** 31 - 1));
      Atomics.store(words, WORDS.state, THREAD_STATES.indexOf("running"));
    },
    pause(state: Exclude<ThreadState, "running">): void {
      Atomics.store(words, WORDS.state, THREAD_STATES.indexOf(state));
    },
    printed(characters: number): void {
      Atomics.add(words, WORDS.printing, characters);
    },
    /** Main thread: the console took them. */
    written(characters: number): void {
      Atomics.sub(words, WORDS.printing, characters);
      wake();
    },
    printing: (): number => Atomics.load(words, WORDS.printing),
    /** Thread: blocks until `done` (looked at after each wake), or for `ms`. True when done. */
    block(done: () => boolean, ms: number): boolean {
      const end = performance.now() + ms;
      for (;;) {
        const seen = Atomics.load(words, WORDS.wake);
        if (done()) return true;
        const left = end - performance.now();
        if (left <= 0) return false;
        Atomics.wait(words, WORDS.wake, seen, left);
      }
    },
  };
}
