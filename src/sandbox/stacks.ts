/** Makes the engine's stack frames read like Node's, and completes the errors of scripts that did not load. */
import { isErrorCode } from "../core/errors.ts";
import type { ScriptError } from "./guest/wire.ts";
import type { LoadProblem } from "./load-error.ts";

export type SourceOf = (file: string) => string | undefined;

const FRAME = /^(\s+at (?:.*\()?)([^():]+):(\d+):(\d+)(\)?)$/;

/**
 * QuickJS gives the column of the opening parenthesis of a call; people (and editors that jump there) expect that of
 * the function's name, or of `new`.
 */
export function fixColumns(stack: string, sourceOf: SourceOf): string {
  return stack
    .split("\n")
    .map((line) => {
      const frame = FRAME.exec(line);
      if (!frame) return line;
      const [, head, file, row, column, tail] = frame as unknown as [string, string, string, string, string, string];
      const text = sourceOf(file)?.split("\n", Number(row))[Number(row) - 1];
      return text === undefined ? line : `${head}${file}:${row}:${calleeColumn(text, Number(column))}${tail}`;
    })
    .join("\n");
}

function calleeColumn(text: string, column: number): number {
  if (text[column - 1] !== "(") return column;
  const name = /(?:\bnew\s+[\w$.]+|[\w$]+)\s*$/.exec(text.slice(0, column - 1));
  return name ? name.index + 1 : column;
}

/** What people write who expect Node or a browser, and what there is instead. */
const INSTEAD: Record<string, string> = {
  process: 'Import { args, env, exit } from "wilco".',
  require: 'Write import { … } from "./file.ts".',
  module: "Write export.",
  exports: "Write export.",
  fetch: "Scripts reach the network through resources: use one of type http.",
  Buffer: "Use Uint8Array, TextEncoder and TextDecoder.",
  __dirname: "Scripts do not know where they lie; they import by relative paths.",
  __filename: "Scripts do not know where they lie; they import by relative paths.",
};

/** An error as it goes out: frames fixed, the loader's knowledge added, a hint for the commonest mistakes. */
export function finishError(
  error: ScriptError,
  sourceOf: SourceOf,
  problemOf: (message: string) => LoadProblem | undefined,
): ScriptError {
  const problem = problemOf(error.message);
  if (problem) {
    const { position } = problem;
    return {
      ...error,
      code: problem.code,
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      ...(position === undefined ? {} : { details: { position } }),
      stack: `${error.name}: ${error.message}`,
    };
  }
  const finished = { ...error, stack: fixColumns(error.stack, sourceOf) };
  const unknown =
    error.name === "ReferenceError" ? /^'?([\w$]+)'? is not defined$/.exec(error.message)?.[1] : undefined;
  const hint = unknown !== undefined && Object.hasOwn(INSTEAD, unknown) ? INSTEAD[unknown] : undefined;
  return hint !== undefined && finished.hint === undefined ? { ...finished, hint } : finished;
}

/** An error that kept a script from starting. */
export function invalidError(error: ScriptError, sourceOf: SourceOf): ScriptError {
  const place = /at ([^():]+):(\d+):(\d+)/.exec(error.stack);
  const missing = /^Could not find export '(.+)' in module '(.+)'$/.exec(error.message);
  if (missing) {
    const [, name, module] = missing as unknown as [string, string, string];
    const from = module.startsWith("wilco:") ? '"wilco"' : module;
    return withCode(error, `${from} exports no ${name}`, undefined);
  }
  if (!place) return withCode(error, error.message, error.hint);
  const [, file, line, column] = place as unknown as [string, string, string, string];
  const text = sourceOf(file)?.split("\n")[Number(line) - 1] ?? "";
  const at = `${file}:${line}:${column}`;
  // The stripper lets decorators pass; the engine then stumbles over the sign.
  if (text.trimStart().startsWith("@") || text[Number(column) - 1] === "@") {
    return withCode(
      error,
      `${at}: decorators can't be run`,
      "Call the function instead: `const action = logged(function action() { … });`.",
    );
  }
  return withCode(error, `${at}: ${error.message}`, error.hint);
}

function withCode(error: ScriptError, message: string, hint: string | undefined): ScriptError {
  return {
    ...error,
    code: isErrorCode(error.code) && error.code !== "script_failed" ? error.code : "script_invalid",
    message,
    ...(hint === undefined ? {} : { hint }),
    stack: `${error.name}: ${message}`,
  };
}
