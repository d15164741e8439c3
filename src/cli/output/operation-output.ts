/** The output of operations as it comes: bare for one resource, each line behind its resource's name for many. */
import type { Entry, EntryEvent } from "../../domain/entry.ts";
import type { Output } from "./output.ts";

export interface OperationOutput {
  /** Takes output and truncated events; the others are not output. */
  take(entry: Entry, event: EntryEvent): void;
  /** Writes what is left of lines without an end. */
  end(): void;
  /** Whether an entry wrote anything. */
  wrote(entry: Entry): boolean;
}

export interface OperationOutputOptions {
  output: Output;
  /** Prefix each line with its resource. */
  prefixed: boolean;
  /** Names that will be prefixes, to align them. */
  names: readonly string[];
}

/** Both streams of the operation keep apart; where stdout belongs to JSON, both go to stderr. */
export function createOperationOutput({ output, prefixed, names }: OperationOutputOptions): OperationOutput {
  const width = Math.max(0, ...names.map((name) => name.length));
  const toStdout = output.format === "table";
  const wrote = new Set<number>();
  const partial = new Map<string, { text: string; write: (line: string) => void }>();

  const takeLines = (entry: Entry, stream: "stdout" | "stderr", text: string) => {
    const name = entry.resource?.name ?? `entry ${entry.id}`;
    const prefix = output.paint.dim(`${name.padEnd(width)} | `);
    const write = (line: string) => emit(stream, `${prefix}${line}\n`);
    const key = `${entry.id} ${stream}`;
    const lines = ((partial.get(key)?.text ?? "") + text).split("\n");
    const rest = lines.pop()!;
    for (const line of lines) write(line);
    if (rest === "") partial.delete(key);
    else partial.set(key, { text: rest, write });
  };
  const emit = (stream: "stdout" | "stderr", text: string | Uint8Array) =>
    toStdout && stream === "stdout" ? output.write(text) : output.writeErr(text);

  return {
    take(entry, event) {
      if (event.type === "truncated") {
        output.warn(`Output of entry ${entry.id} was cut: ${JSON.stringify(event.data)}`);
        return;
      }
      if (event.type !== "output") return;
      wrote.add(entry.id);
      const { stream, text, base64 } = event.data as { stream: "stdout" | "stderr"; text?: string; base64?: string };
      if (!prefixed) emit(stream, text ?? Buffer.from(base64 ?? "", "base64"));
      else takeLines(entry, stream, text ?? Buffer.from(base64 ?? "", "base64").toString("utf8"));
    },
    end() {
      for (const { text, write } of partial.values()) write(text);
      partial.clear();
    },
    wrote: (entry) => wrote.has(entry.id),
  };
}
