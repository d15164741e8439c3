/** An entry's log as async iterators: gap-free, while it runs or afterwards. */
import { WilcoError } from "../core/errors.ts";
import type { EntryEvent } from "../domain/entry.ts";
import type { ClientPort } from "./port.ts";

/** Longest a read of events is held open, ms. Below the idle limit of 60 s that many proxies between have. */
const HOLD = 20_000;
/** Events before the entry's end that are searched for its last output. */
const TAIL_EVENTS = 20;
const TAIL_LINES = 20;
const TAIL_CHARACTERS = 4_000;

export interface OutputOptions {
  /** Only this stream. Default: both, in the order they were written. */
  stream?: "stdout" | "stderr";
}

/**
 * Every event above `after` (default 0), until the entry is terminal and its log is read to the end.
 * @throws WilcoError `internal` when the server leaves out an event: a log with a hole is not passed on as whole.
 */
export async function* followEvents(
  port: ClientPort,
  id: number,
  after = 0,
): AsyncGenerator<EntryEvent, void, undefined> {
  let last = after;
  for (;;) {
    const read = await port.events(id, last, HOLD);
    for (const event of read.events) {
      if (event.seq <= last) continue;
      if (event.seq !== last + 1) {
        throw new WilcoError({
          code: "internal",
          message: `The log of entry ${id} has a gap: event ${event.seq} came after ${last}`,
          hint: "Please report this; the entry itself is not affected.",
        });
      }
      last = event.seq;
      yield event;
    }
    if (read.done) return;
  }
}

/** The lines an operation writes, without their line ends; a line without an end comes with the end of the log. */
export async function* followOutput(
  port: ClientPort,
  id: number,
  { stream }: OutputOptions = {},
): AsyncGenerator<string, void, undefined> {
  const lines = createLineJoiner();
  for await (const event of followEvents(port, id)) {
    for (const line of lines.take(event)) if (stream === undefined || line.stream === stream) yield line.text;
  }
  for (const line of lines.rest()) if (stream === undefined || line.stream === stream) yield line.text;
}

/** The last lines of an entry's output, at most 20 lines and 4,000 characters; "" when there are none. */
export async function lastOutputOf(port: Pick<ClientPort, "events">, id: number, lastEvent: number): Promise<string> {
  const read = await port.events(id, Math.max(0, lastEvent - TAIL_EVENTS), 0);
  const joiner = createLineJoiner();
  const lines = [...read.events.flatMap((event) => joiner.take(event)), ...joiner.rest()].map((line) => line.text);
  return lines.slice(-TAIL_LINES).join("\n").slice(-TAIL_CHARACTERS);
}

interface OutputLine {
  stream: "stdout" | "stderr";
  text: string;
}

interface LineJoiner {
  take(event: EntryEvent): OutputLine[];
  rest(): OutputLine[];
}

/** Chunks end where the worker's buffer ended, not where lines end; each stream has its own unfinished line. */
function createLineJoiner(): LineJoiner {
  const open = { stdout: "", stderr: "" };
  let attempt = 0;

  function rest(): OutputLine[] {
    const lines: OutputLine[] = [];
    for (const stream of ["stdout", "stderr"] as const) {
      if (open[stream] !== "") lines.push({ stream, text: open[stream] });
      open[stream] = "";
    }
    return lines;
  }

  return {
    rest,
    take(event) {
      // What an attempt left unfinished does not run into the next one's first line.
      const lines = event.attempt === attempt ? [] : rest();
      attempt = event.attempt;
      if (event.type === "truncated") {
        const dropped = event.data["dropped"];
        const text = `[output over the quota: ${typeof dropped === "number" ? `${dropped} bytes` : "some"} dropped]`;
        lines.push(...rest(), { stream: "stderr", text });
      }
      if (event.type !== "output") return lines;
      const stream = event.data["stream"] === "stderr" ? "stderr" : "stdout";
      const parts = (open[stream] + textOf(event)).split("\n");
      open[stream] = parts.pop() ?? "";
      for (const part of parts) lines.push({ stream, text: part.endsWith("\r") ? part.slice(0, -1) : part });
      return lines;
    },
  };
}

function textOf(event: EntryEvent): string {
  const { text, base64 } = event.data;
  if (typeof text === "string") return text;
  return typeof base64 === "string" ? asciiOfBase64(base64) : "";
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Bytes that are no UTF-8, as text: ASCII stays, the rest becomes U+FFFD. (The bytes themselves are in `events()`.)
 * Written out because QuickJS has neither atob nor Buffer.
 */
function asciiOfBase64(base64: string): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const character of base64) {
    const value = BASE64.indexOf(character);
    if (value < 0) continue;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (held >> bits) & 0xff;
    held &= (1 << bits) - 1;
    text += byte < 0x80 ? String.fromCharCode(byte) : "\ufffd";
  }
  return text;
}
