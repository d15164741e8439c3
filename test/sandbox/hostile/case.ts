/** What the tables of hostile scripts say of each script. */

export type End = "completed" | "threw" | "invalid" | "interrupted" | "limit cpu" | "limit memory" | "exit";

export interface HostileCase {
  /** A sentence's end: "a hostile script …". */
  name: string;
  script: string;
  /** How it ends as a script; several where the outcome honestly depends on how fast the machine is. */
  ends: End | readonly End[];
  /**
   * How it ends when it is typed as a line. Default: follows from `ends`. "not run": another case does the same to a
   * session, and this one would only cost another VM.
   */
  line?: LineEnd | readonly LineEnd[] | "not run";
  /** Is in what it printed or in the error that ended it; of both ways of running it, if not `lineSays: false`. */
  says?: string;
  lineSays?: false;
  /** The error's code when it threw. Default: anything. */
  code?: string;
  /** More files, by relative path; "-> target" makes a link. */
  files?: Record<string, string>;
  /** Interrupted when it has printed "ready". */
  interrupt?: true;
  /** ms of computing. Default: little for what is to end by it, else more than it needs on any machine. */
  cpu?: number;
  /** It changes what later lines of its session run on: the session is started anew after it. */
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

/** The first line of a new VM computes for 20 ms. */
const SHORT = 100;
export const LONG = 20_000;
const MB = 1024 * 1024;
/** The least that there is, of which a script has 10 MB; for what is to end by it. */
const SMALL = 32 * MB;
const LARGE = 64 * MB;

export function limitsOf({ ends, cpu }: HostileCase): { cpu: number; memory: number } {
  const endings = [ends].flat();
  return {
    cpu: cpu ?? (endings.includes("limit cpu") ? SHORT : LONG),
    memory: endings.includes("limit memory") ? SMALL : LARGE,
  };
}

export interface Theme {
  title: string;
  cases: readonly HostileCase[];
}

export type Lines = ReadonlyArray<readonly [name: string, script: string]>;

/** Cases that share everything but their script. */
export function all(common: Omit<HostileCase, "name" | "script">, lines: Lines): HostileCase[] {
  return lines.map(([name, script]) => ({ ...common, name, script }));
}

/** The same of scripts that use the API. */
export function withApi(common: Omit<HostileCase, "name" | "script">, lines: Lines): HostileCase[] {
  const api = `import { resource, resources, history, sleep } from "wilco"; `;
  return all(
    common,
    lines.map(([name, script]) => [name, api + script]),
  );
}
