/** What a handler prints by itself (console.log), read from the pipes of its process and given to the run it belongs to. */
import type { Readable } from "node:stream";

export interface MarkedOutput {
  /** Gives what is read to `receive` until the mark comes. Resolves then, or when the pipe closes. */
  expect(mark: string, receive: (data: Uint8Array) => Promise<void>): Promise<void>;
}

interface Expected {
  mark: Buffer;
  receive: (data: Uint8Array) => Promise<void>;
  end: () => void;
}

/** @param idle gets what comes between two runs. */
export function readMarkedOutput(pipe: Readable, idle: (data: Uint8Array) => void): MarkedOutput {
  let expected: Expected | null = null;
  /** The beginning of a mark, perhaps. */
  let held = Buffer.alloc(0);
  let closed = false;

  async function take(data: Buffer): Promise<void> {
    if (!expected) return idle(data);
    const { mark, receive, end } = expected;
    const all = held.length === 0 ? data : Buffer.concat([held, data]);
    const at = all.indexOf(mark);
    const keep = at < 0 ? beginning(all, mark) : 0;
    held = Buffer.from(all.subarray(all.length - keep));
    const content = all.subarray(0, at < 0 ? all.length - keep : at);
    // While this waits the pipe is not read, and its writer is held by the system.
    if (content.length > 0) await receive(content);
    if (at < 0) return;
    expected = null;
    end();
    const rest = all.subarray(at + mark.length);
    if (rest.length > 0) idle(rest);
  }

  async function read(): Promise<void> {
    for await (const data of pipe as AsyncIterable<Buffer>) await take(data);
  }

  // A pipe fails only by being closed early, when its process is killed.
  void read()
    .catch(() => {})
    .finally(async () => {
      closed = true;
      if (expected && held.length > 0) await expected.receive(held);
      expected?.end();
    });

  return {
    expect(mark, receive) {
      if (closed) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      expected = { mark: Buffer.from(mark), receive, end: resolve };
      return promise;
    },
  };
}

/** How many bytes at the end of `data` are how the mark begins. */
function beginning(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length--) {
    if (data.subarray(data.length - length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}
