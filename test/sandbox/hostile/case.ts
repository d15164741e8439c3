/** What the tables of hostile scripts say of each script. */

export type End = "completed" | "threw" | "invalid" | "interrupted" | "limit cpu" | "limit memory" | "exit";

export interface HostileCase {
  /** A sentence's end: "a hostile script …". */
  name: string;
  script: string;
  /** How it ends as a script; several where the outcome honestly depends on how fast the machine is. */
  ends: End | readonly End[];
  /** How it ends when it is typed as a line. Default: follows from `ends`. */
  line?: LineEnd | readonly LineEnd[];
  /** Is in what it printed or in the error that ended it; of both ways of running it, if not `lineSays: false`. */
  says?: string;
  lineSays?: false;
  /** The error's code when it threw. Default: anything. */
  code?: string;
  /** More files, by relative path. */
  files?: Record<string, string>;
  /** Interrupted when it has printed "ready". */
  interrupt?: true;
  /** ms inside the VM. Default 300. */
  cpu?: number;
  /** Bytes. Default 32 MB. */
  memory?: number;
  /** ms after which the runner ends it, which is a failure. Default 10,000: for loaded machines, not a measurement. */
  within?: number;
  /** It changes what later lines of its session run on: they get a new one. */
  spoils?: true;
}

/**
 * - `value`, `error`: the line ended and its variables are there
 * - `cpu`: ended for computing too long; the variables may be lost
 * - `memory`: the VM is lost
 * - `interrupted`: by Ctrl-C; the variables may be lost
 * - `lost`: the VM is lost, for another reason than its memory
 * - `unfinished`: it would go on in the next line
 */
export type LineEnd = "value" | "error" | "cpu" | "memory" | "interrupted" | "lost" | "unfinished" | "exit";

export interface Theme {
  title: string;
  cases: readonly HostileCase[];
}

export type Lines = ReadonlyArray<readonly [name: string, script: string]>;

/** Cases that share everything but their script. */
export function all(common: Omit<HostileCase, "name" | "script">, lines: Lines): HostileCase[] {
  return lines.map(([name, script]) => ({ ...common, name, script }));
}
