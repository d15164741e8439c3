/**
 * The thread's own stack. Each frame of the engine costs V8 stack too: with 16 MB the engine's limit (engine.ts: 1 MB,
 * about 6,000 calls) crashed it in the middle of C code with a RangeError, with 32 MB it held. In a file of its own,
 * because the main thread must not load the engine to read it.
 */
export const THREAD_STACK_MB = 64;
