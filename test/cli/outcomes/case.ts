/** What a case of the outcome table is, and what it is given. docs/cli.md has the table, made from the same cases. */
import type { Ended, StartOptions, TestProcess } from "../../support/processes.ts";

export interface CaseWorld {
  /** Names the case in the notes of its entries. */
  note: string;
  url: string;
  dir: string;
  run(args: readonly string[], options?: StartOptions): Promise<Ended>;
  start(args: readonly string[], options?: StartOptions): TestProcess;
  file(name: string, text: string): string;
  /** An `exec` with the case's note, to its end. */
  exec(args: readonly string[], options?: StartOptions): Promise<Ended>;
  /** The same, once the operation has printed "begun". */
  begun(args: readonly string[], options?: StartOptions): Promise<TestProcess>;
  /** The newest entry of the case: a request before its tasks. */
  entry(): Promise<{ id: number; status: string }>;
  /** What others do meanwhile, over HTTP: a process each would cost more than the command that is tried. */
  untilEnded(id: number): Promise<void>;
  cancel(id: number): Promise<void>;
  /** A token of this role; its secret. */
  token(role: string): Promise<string>;
  revoke(): Promise<void>;
  /** A `run` of this script, which gets the note as its first argument. */
  script(text: string, flags?: readonly string[], options?: StartOptions): Promise<Ended>;
  /** The server without a worker of its own. */
  frail: Frail;
}

export interface Frail {
  env: Record<string, string | undefined>;
  startWorker(): Promise<TestProcess>;
  restart(): Promise<void>;
  kill(): Promise<void>;
}

export interface OutcomeCase {
  /** As the docs have it. */
  asked: string;
  happened: string;
  exit: number;
  /** How the entries of the case end, in alphabetical order; requests are not among them. */
  entries: string;
  stdout?: RegExp;
  stderr?: RegExp;
  run(world: CaseWorld): Promise<Ended>;
}
