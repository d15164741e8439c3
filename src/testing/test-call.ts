/** What a test of a type asks for, and what it is told. */
import type { JsonObject } from "../core/json.ts";
import type { EntryError } from "../domain/entry.ts";
import type { Exec, ExecResult } from "../resource-types/exec.ts";
import type { AbortWhy } from "../worker/control.ts";

export interface TestCall {
  operation: string;
  /** Default none. */
  parameters?: JsonObject;
  /** Files that stand for content, by the parameter: their paths. */
  files?: Record<string, string>;
  /** Checked against the type's schema and filled with its defaults, as `apply` does. Default none. */
  connection?: JsonObject;
  /** What `{{configuration.…}}` and `resource.configuration` give. Default none. */
  configuration?: JsonObject;
  /** What `{{secrets.NAME}}` gives, by name. Masked as a worker does. Default none. */
  storedSecrets?: Record<string, string>;
  /** Default `{ id: 1, name: "test-1", zone: "default", labels: {} }`. */
  resource?: { id?: number; name?: string; zone?: string; labels?: Record<string, string> };
  /** "30s". Default: the operation's. */
  timeout?: string;
  /** Which try it is. Default 1. */
  attempt?: number;
  /** A directory that stays between calls, as the worker's `state`. Default: one that is removed at the end. */
  state?: string;
  /** Takes the place of every command. What it leaves out of a result: exit code 0, no output. */
  exec?: (argv: readonly string[], options: Parameters<Exec>[1]) => Partial<ExecResult> | Promise<Partial<ExecResult>>;
  /** Called with each piece of output; what it returns is waited for. */
  onOutput?: (text: string, stream: "stdout" | "stderr") => unknown;
  onProgress?: (progress: ProgressLine) => void;
  /** ms between the polite signal to a command and SIGKILL. Default 1,000. */
  killGrace?: number;
}

export interface ProgressLine {
  done: number;
  total: number | null;
  text: string | null;
}

export interface LogLine {
  level: "debug" | "info" | "warn" | "error";
  message: string;
  fields: object;
}

export interface TestOutcome {
  /** `released`: it was aborted with "stop" and may be repeated; `lost`: aborted with "lost", nothing is reported. */
  status: "succeeded" | "failed" | "timed_out" | "canceled" | "released" | "lost";
  /** null unless it succeeded. Of type any: a test knows what it expects. */
  // oxlint-disable-next-line typescript/no-explicit-any
  result: any;
  error: EntryError | null;
  /** Everything that was written, both streams in the order of writing. */
  output: string;
  stdout: string;
  stderr: string;
  progress: ProgressLine[];
  log: LogLine[];
}

export interface TestRun extends Promise<TestOutcome> {
  /** As a cancel does (the default), the deadline, a lost lease, or a worker that stops. */
  abort(why?: AbortWhy): void;
}
