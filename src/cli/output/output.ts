/**
 * Where a command writes. What was asked for goes to stdout, everything for people to stderr; a live line on stderr is
 * taken away before anything else is written. Nothing here moves the cursor or asks when nobody is there.
 */
import type { Writable } from "node:stream";
import { loadColours, NO_COLOURS, type Colours } from "./colours.ts";
import { createLiveLine, type LiveLine } from "./live-line.ts";

export const OUTPUT_FORMATS = ["table", "json", "jsonl", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export interface OutputOptions {
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  env: Record<string, string | undefined>;
  format: OutputFormat;
  quiet: boolean;
  verbose: boolean;
  utc: boolean;
}

export interface Output {
  readonly format: OutputFormat;
  readonly utc: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** A person sees stderr: colours, live line, questions. */
  readonly interactive: boolean;
  /** Colours of stdout and of stderr; identities where nobody sees them. */
  readonly paint: Colours;
  readonly paintErr: Colours;
  /** Columns of stdout; Infinity when it is no terminal. */
  readonly width: number;
  readonly live: LiveLine;
  /** To stdout, as it stands. */
  write(text: string | Uint8Array): void;
  /** To stderr, as it stands: the output of operations where stdout belongs to JSON. */
  writeErr(text: string | Uint8Array): void;
  /** A line for people, on stderr; silent with `--quiet`. */
  notice(text: string): void;
  /** A line for people, on stderr, always. */
  warn(text: string): void;
  /** A line on stderr with `--verbose` only. */
  detail(text: string): void;
  /** From here on, what this masks is masked in all that is written. */
  mask(hide: (text: string) => string): void;
  /** A text for another place than these streams, with the same masks. */
  masked(text: string): string;
  /** Resolves when both streams took everything. */
  flush(): Promise<void>;
}

/** Of terminals that do not say, which includes those that say 0. */
const DEFAULT_WIDTH = 80;

/** A terminal that may be coloured and redrawn: not in CI, not dumb, and NO_COLOR is respected for colours. */
export function isPersonThere(stream: { isTTY?: boolean }, env: Record<string, string | undefined>): boolean {
  const ci = env["CI"];
  return stream.isTTY === true && (ci === undefined || ci === "" || ci === "false") && env["TERM"] !== "dumb";
}

export async function createOutput(options: OutputOptions): Promise<Output> {
  const { stdout, stderr, env, format, quiet, verbose, utc } = options;
  const noColour = (env["NO_COLOR"] ?? "") !== "";
  const personOut = isPersonThere(stdout, env);
  const interactive = isPersonThere(stderr, env);
  // A CI system that shows colours sets it itself; it says nothing about a cursor, so there is no live line for it.
  const forced = !["", "0", "false"].includes(env["FORCE_COLOR"] ?? "");
  const colours = forced || (!noColour && (personOut || interactive)) ? await loadColours() : NO_COLOURS;
  const live = createLiveLine({
    stream: stderr,
    enabled: interactive && !noColour && !quiet,
    columns: () => stderr.columns || DEFAULT_WIDTH,
  });
  let hide = (text: string) => text;
  const send = (stream: Writable, given: string | Uint8Array) => {
    // Bytes are the output of operations, which their workers have masked.
    const text = typeof given === "string" ? hide(given) : given;
    live.clear();
    stream.write(text);
    live.wrote(text);
  };
  return {
    format,
    utc,
    verbose,
    quiet,
    interactive,
    paint: forced || personOut ? colours : NO_COLOURS,
    paintErr: forced || interactive ? colours : NO_COLOURS,
    get width() {
      return stdout.isTTY === true ? stdout.columns || DEFAULT_WIDTH : Infinity;
    },
    live,
    write: (text) => send(stdout, text),
    writeErr: (text) => send(stderr, text),
    notice: (text) => void (quiet || send(stderr, `${text}\n`)),
    warn: (text) => send(stderr, `${text}\n`),
    detail: (text) => void (verbose && send(stderr, `${text}\n`)),
    masked: (text) => hide(text),
    mask(next) {
      hide = next;
    },
    async flush() {
      live.clear();
      await Promise.all([drained(stdout), drained(stderr)]);
    },
  };
}

function drained(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableEnded) return Promise.resolve();
  return new Promise((resolve) => stream.write("", () => resolve()));
}
