/** An entry's events as `text/event-stream`, for browsers, curl and the like; it ends with the entry. */
import type { FastifyReply } from "fastify";
import type { Operations } from "../operations/contract.ts";

/** A comment this often keeps proxies from closing a silent stream, ms. */
const KEEP_ALIVE = 15_000;
const PAGE = 1_000;

/** @param after events numbered above it; a client that reconnects says it in `Last-Event-ID`. */
export async function streamEvents(options: {
  operations: Operations;
  reply: FastifyReply;
  id: number;
  after: number;
  stopping: AbortSignal;
}): Promise<void> {
  const { operations, reply, id, stopping } = options;
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stopping]);
  let after = options.after;
  // Before the headers: an unknown entry is still answered as an error.
  let page = await operations.events(id, { after, limit: PAGE, wait: 0 }, signal);
  reply.hijack();
  reply.raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    // Said by convention to reverse proxies that would collect the stream first.
    "x-accel-buffering": "no",
  });
  try {
    for (;;) {
      const lines = page.events.map(
        (event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
      );
      after = page.events.at(-1)?.seq ?? after;
      if (page.done) lines.push("event: done\ndata: {}\n\n");
      else if (lines.length === 0) lines.push(": still open\n\n");
      await write(reply, lines.join(""), signal);
      if (page.done || signal.aborted) break;
      page = await operations.events(id, { after, limit: PAGE, wait: KEEP_ALIVE }, signal);
    }
  } finally {
    // Without "done", so that the client connects again and says where it was.
    reply.raw.end();
  }
}

/** Waits for a slow reader instead of collecting what it has not read. */
async function write(reply: FastifyReply, text: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted || reply.raw.write(text)) return;
  await new Promise<void>((resolve) => {
    const go = () => {
      reply.raw.off("drain", go);
      signal.removeEventListener("abort", go);
      resolve();
    };
    reply.raw.once("drain", go);
    signal.addEventListener("abort", go, { once: true });
  });
}
