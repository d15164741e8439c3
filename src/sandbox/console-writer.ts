/** Brings what a script prints to its destination, in order, and tells the thread when it may print more. */
import { readPrint } from "./guest-messages.ts";

export type ConsoleSink = (stream: "stdout" | "stderr", text: string) => void | Promise<void>;

export interface ConsoleWriter {
  /** A print as the guest posted it. */
  take(json: string): void;
  /** Resolves when all that was taken is written. @throws what the sink threw first. */
  flushed(): Promise<void>;
}

export interface ConsoleWriterOptions {
  sink: ConsoleSink;
  /** Called with the characters that are out. */
  written: (characters: number) => void;
}

export function createConsoleWriter({ sink, written }: ConsoleWriterOptions): ConsoleWriter {
  let last: Promise<void> | undefined;
  let failure: { error: unknown } | undefined;

  function write(json: string): void | Promise<void> {
    // After a failed write (a closed pipe) the script goes on; what it prints has nowhere to go.
    if (failure) return undefined;
    const { stream, text } = readPrint(json);
    return sink(stream, text);
  }

  async function after(before: Promise<void>, json: string): Promise<void> {
    await before;
    await attempt(json);
  }

  async function attempt(json: string): Promise<void> {
    try {
      await write(json);
    } catch (error) {
      failure ??= { error };
    }
    written(json.length);
  }

  return {
    take(json) {
      const mine = last ? after(last, json) : attempt(json);
      last = mine;
      void mine.then(() => {
        if (last === mine) last = undefined;
      });
    },
    async flushed() {
      await last;
      if (failure) throw failure.error;
    },
  };
}
