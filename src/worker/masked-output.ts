/** The output and progress of an execution with its secrets masked, before anything is cut into chunks. */
import type { Masker, MaskStream } from "../core/masking.ts";
import type { OutputLog, StreamName } from "./output-log.ts";

export interface MaskedOutput extends Pick<OutputLog, "write" | "progress"> {
  /** Writes what was held back because it could have been the beginning of a secret. */
  end(): Promise<void>;
}

export function maskOutput(output: Pick<OutputLog, "write" | "progress">, masker: Masker): MaskedOutput {
  if (masker.idle) return { write: output.write, progress: output.progress, end: async () => {} };
  const streams = new Map<StreamName, MaskStream>();
  let ended = false;
  return {
    async write(data, stream) {
      // A handler that was left behind writes on: nothing is taken any more, and nothing may slip past the mask.
      if (ended) return;
      let mask = streams.get(stream);
      if (!mask) streams.set(stream, (mask = masker.stream()));
      const bytes = mask.push(data);
      if (bytes.length > 0) await output.write(bytes, stream);
    },
    progress(progress) {
      output.progress({ ...progress, text: progress.text === null ? null : masker.text(progress.text) });
    },
    async end() {
      ended = true;
      for (const [stream, mask] of streams) {
        const rest = mask.end();
        if (rest.length > 0) await output.write(rest, stream);
      }
    },
  };
}
