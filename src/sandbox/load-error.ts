/** Why a module can't be loaded, as the loader and the transpiler say it and the outcome of a run repeats it. */
import type { ErrorCode } from "../core/errors.ts";

export interface SourcePosition {
  /** Relative to the script's root, with "/". */
  file: string;
  /** From 1. */
  line: number;
  column: number;
}

export interface LoadProblem {
  code: Extract<ErrorCode, "script_invalid" | "import_refused">;
  /** One sentence, without the position. */
  message: string;
  hint?: string | undefined;
  position?: SourcePosition | undefined;
}

export class LoadError extends Error {
  readonly problem: LoadProblem;

  constructor(problem: LoadProblem) {
    const { position } = problem;
    super(position ? `${position.file}:${position.line}:${position.column}: ${problem.message}` : problem.message);
    this.name = problem.code === "import_refused" ? "ImportRefused" : "ScriptInvalid";
    this.problem = problem;
  }
}

/** Line and column (from 1) of an offset. */
export function positionAt(file: string, source: string, offset: number): SourcePosition {
  const before = source.slice(0, offset);
  return { file, line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}
