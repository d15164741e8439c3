/** What the parts of the shell know of each other: the loop, completion, and the inspector that prints values. */
import type { ValueDescription } from "../sandbox/guest/value-description.ts";

/** What Tab has to say about a line. */
export interface Completion {
  /** Whole replacements of `prefix`. */
  candidates: string[];
  /** The end of the text before the cursor that a candidate replaces. */
  prefix: string;
  /** The signature of the operation around the cursor, with types, defaults and description; shown on a second Tab. */
  signature?: string;
}

export interface Completer {
  /**
   * @param line everything typed so far, earlier lines of a multi-line entry included.
   * @param cursor offset in it.
   * Never rejects; answers within 150 ms, with no candidates when it knows nothing by then.
   */
  complete(line: string, cursor: number): Promise<Completion>;
}

export interface WriterOptions {
  /** Of the terminal, read at each value; Infinity = never cut. */
  columns: () => number;
  color: boolean;
  /** Times in UTC instead of local. Default false. */
  utc?: boolean;
  /** The text of a module or line that an error's frame names ("line#3" is a line that was typed). */
  sourceOf?: (file: string) => string | undefined;
}

/** A value as text, without a line break at its end. */
export type Writer = (value: ValueDescription) => string;
