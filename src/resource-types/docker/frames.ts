/**
 * The engine's stream of logs: both streams of a container without a terminal in one, each piece behind eight bytes
 * (which stream, three zeros, its length). With a terminal there is one stream, as it is.
 */
export interface Frame {
  stream: "stdout" | "stderr";
  data: Buffer;
}

const HEADER = 8;

/** Frames as they get whole; a piece of the answer may hold many, or a part of one. */
export async function* framesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  let held = Buffer.alloc(0);
  for await (const chunk of chunks) {
    held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
    for (;;) {
      if (held.length < HEADER) break;
      const end = HEADER + held.readUInt32BE(4);
      if (held.length < end) break;
      yield { stream: held[0] === 2 ? "stderr" : "stdout", data: held.subarray(HEADER, end) };
      held = held.subarray(end);
    }
  }
  // Cut off within a piece: what came of it is the end of the log.
  if (held.length > HEADER) yield { stream: held[0] === 2 ? "stderr" : "stdout", data: held.subarray(HEADER) };
}

export async function* rawFrames(chunks: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  for await (const data of chunks) yield { stream: "stdout", data };
}

/** JSON values, one a line, as the engine tells of a pull. */
export async function* jsonLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const chunk of chunks) {
    const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
    held = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as Record<string, unknown>;
  }
  if (held.trim() !== "") yield JSON.parse(held) as Record<string, unknown>;
}
