/** What a worker and a process that runs handlers for it say to each other (structured clones over Node's IPC). */
import type { Json, JsonObject } from "../../core/json.ts";
import type { EntryError } from "../../domain/entry.ts";
import type { ResourceTypeDescriptor } from "../../domain/resource-type.ts";
import type { Assignment } from "../../domain/worker.ts";
import type { ExecOptions } from "../../resource-types/exec.ts";
import type { AbortWhy } from "../control.ts";

/** What of an OperationContext is data. */
export interface HandlerCall {
  /** Absolute path of the file that exports the type. */
  file: string;
  type: string;
  entry: number;
  attempt: number;
  operation: string;
  parameters: JsonObject;
  resource: Assignment["resource"];
  deadline: number;
  tempDir: string;
  state: string;
}

export type Ask =
  | { kind: "output"; data: string | Uint8Array; stream: "stdout" | "stderr" }
  | { kind: "content"; content: unknown }
  | { kind: "exec"; argv: readonly string[]; options: ExecOptions };

/** A type as its file exports it, without what only a process that loads the file can have. */
export interface DescribedType {
  descriptor: ResourceTypeDescriptor;
  inProcess: boolean;
}

export type ToProcess =
  /** Load these files, one after the other, and say of each which types it exports. */
  | { type: "describe"; files: string[] }
  | { type: "run"; run: number; call: HandlerCall }
  | { type: "abort"; run: number; why: AbortWhy; message: string }
  | { type: "answer"; run: number; ask: number; value?: unknown; error?: EntryError };

/** `error` is why the file can't be used. */
export type Described = { file: string } & ({ types: DescribedType[] } | { error: string; hint?: string });

export type FromProcess =
  | { type: "ready" }
  | { type: "described"; file: Described }
  | { type: "ask"; run: number; ask: number; what: Ask }
  | { type: "progress"; run: number; done: number; total: number | null; text: string | null }
  | { type: "log"; run: number; level: "debug" | "info" | "warn" | "error"; fields: object; message: string }
  | {
      type: "done";
      run: number;
      outcome: { result: Json } | { error: EntryError };
      /** What the handler left behind, e.g. ["Timeout"]: the process is not used again then. */
      leftovers: string[];
      /** Resident bytes. */
      memory: number;
    }
  /** A throw or rejection of an execution that has ended, or of none that is known. */
  | { type: "stray"; entry: number | null; what: "threw" | "rejected"; message: string; stack: string };

/** Ends the output of one run on each of its pipes. */
export function endMark(token: string, run: number): string {
  return `\0${token} ${run}\0\n`;
}
