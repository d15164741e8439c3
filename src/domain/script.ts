/** Scripts that run on the server: an entry of kind `script`, claimed by workers of the role `script`. */
import type { Status } from "./status.ts";

/** Type, role and operation of such an entry. It has no resource: what it does, its children do. */
export const SCRIPT_TYPE = "script";
export const SCRIPT_ROLE = "script";
export const SCRIPT_OPERATION = "run";

/** Characters of all files together, and how many there may be. */
export const MAX_SCRIPT_SIZE = 4 * 1024 * 1024;
export const MAX_SCRIPT_FILES = 1_000;

/** ms. What comes after it, the canceling of children too, has to fit into the server's own grace (15 s). */
export const MAX_SCRIPT_GRACE = 6_000;

/** The texts of the script and of the modules that it imports, by their paths relative to the script's root. */
export type ScriptFiles = Record<string, string>;

/** The parameters of the entry, as the history shows them. */
export interface ScriptParameters {
  /** The script, one of its files. */
  file: string;
  /** What the command line has after the file. */
  args: string[];
  /** What it may do beyond the wilco API, and what it may not do of it; as `wilco run` takes it. */
  permissions: ScriptPermissions;
  /** What becomes of its running operations when it throws, exits or is canceled. */
  onError: "wait" | "leave" | "cancel";
  /** ms that `finally` blocks get after a cancel or the timeout. */
  grace: number;
  limits: {
    /** ms of computing; waiting does not count. */
    cpu: number;
    /** Bytes. */
    memory: number;
  };
  /** ms; null = its operations wait for a worker for as long as it takes. */
  requireWorker: number | null;
}

export interface ScriptPermissions {
  env: string[];
  read: string[];
  /** "HOST" or "HOST:PORT". */
  net: string[];
  /** null = every operation that who asked for the script may submit. */
  operations: string[] | null;
  resources: string[] | null;
}

/** How a script ended, of one that did not succeed in `error.details`, with the exit code that `wilco run` gives it. */
export interface ScriptEnd {
  kind: "completed" | "exit" | "threw" | "invalid" | "interrupted" | "limit";
  exit: number;
  /** What it threw, and failures that it never looked at; the first few. */
  errors: ScriptFailure[];
  /** What it filed and did not see end, the first few. */
  running: Array<{ id: number; resource: string; operation: string; status: Status }>;
}

/** An error of a script as plain data. */
export interface ScriptFailure {
  name: string;
  /** A wilco code, or "script_failed" for the script's own errors. */
  code: string;
  message: string;
  hint?: string;
  /** "Name: message" and the frames of the script, `    at f (deploy.ts:12:5)`. */
  stack: string;
  /** Id of the audit entry that the error is about. */
  entry?: number;
}

/** True for "deploy.ts" and "lib/a.json": relative, inside the root, the same on every system. */
export function isScriptPath(path: string): boolean {
  return (
    path.length <= 1_024 &&
    path.isWellFormed() &&
    path.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\u0000-\u001f\\:]/.test(part))
  );
}
