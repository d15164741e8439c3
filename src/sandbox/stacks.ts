/** Makes the engine's stack frames read like Node's, and completes the errors of scripts that did not load. */
import { isErrorCode } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import type { ScriptError } from "./guest/wire.ts";
import { tokensOf } from "./line-tokens.ts";
import { positionAt, type LoadProblem } from "./load-error.ts";
import { WILCO_EXPORTS } from "./wilco-exports.ts";

export type SourceOf = (file: string) => string | undefined;
type Sources = Iterable<readonly [file: string, source: string]>;

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
  fetch: 'Import { fetch } from "wilco" and allow its host with --allow-net, or use a resource of type http.',
  Buffer: "Use Uint8Array, TextEncoder and TextDecoder.",
  __dirname: "Scripts do not know where they lie; they import by relative paths.",
  __filename: "Scripts do not know where they lie; they import by relative paths.",
};

/** What people type into a session who expect another shell. */
const TYPED_INSTEAD: Record<string, string> = {
  help: "Type .help for what there is.",
  quit: "Leave with .exit, or Ctrl-D.",
  clear: "Type .clear to start anew.",
  ls: "Type resources() for what is managed.",
};

export interface FinishOptions {
  sourceOf: SourceOf;
  problemOf: (message: string) => LoadProblem | undefined;
  /** Of a session: what its lines have declared; what "wilco" exports is there without an import. Default: a script. */
  declared?: ReadonlySet<string>;
}

/** An error as it goes out: frames fixed, the loader's knowledge added, a hint for the commonest mistakes. */
export function finishError(error: ScriptError, options: FinishOptions): ScriptError {
  const { sourceOf, problemOf } = options;
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
  if (unknown === undefined || finished.hint !== undefined) return finished;
  const hint = hintForUnknown(unknown, lineOf(finished.stack, sourceOf), options.declared);
  return hint === undefined ? finished : { ...finished, hint };
}

function hintForUnknown(name: string, line: string, declared: ReadonlySet<string> | undefined): string | undefined {
  if (declared && Object.hasOwn(TYPED_INSTEAD, name)) return TYPED_INSTEAD[name];
  if (Object.hasOwn(INSTEAD, name)) return INSTEAD[name];
  if (!declared && WILCO_EXPORTS.includes(name)) return `Import it: import { ${name} } from "wilco".`;
  if (new RegExp(`^\\s*${name.replaceAll("$", "\\$")}\\s*=(?![=>])`).test(line)) return `Declare it: const ${name} = …`;
  return meant(name, [...(declared ?? []), ...WILCO_EXPORTS]);
}

/** "" where the frame is not in the script. */
function lineOf(stack: string, sourceOf: SourceOf): string {
  const frame = FRAME.exec(stack.split("\n").find((line) => FRAME.test(line)) ?? "");
  return (frame && sourceOf(frame[2]!)?.split("\n")[Number(frame[3]) - 1]) ?? "";
}

/** `Did you mean "resource"?`, or nothing: all that there is would be no hint. */
function meant(name: string, candidates: Iterable<string>): string | undefined {
  const found = suggestion(name, candidates);
  return found?.startsWith("Did") ? found : undefined;
}

/** An error that kept a script from starting. */
export function invalidError(error: ScriptError, sourceOf: SourceOf, sources: Sources): ScriptError {
  const place = /at ([^():]+):(\d+):(\d+)/.exec(error.stack);
  const missing = /^Could not find export '(.+)' in module '(.+)'$/.exec(error.message);
  if (missing) {
    const [, name, module] = missing as unknown as [string, string, string];
    const isWilco = module.startsWith("wilco:");
    const at = placeOfImport(name, (text) => (text === "wilco") === isWilco, sources);
    const hint = isWilco ? meant(name, WILCO_EXPORTS) : undefined;
    return withCode(error, `${at}${isWilco ? '"wilco"' : module} exports no ${name}`, hint);
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

/** "script.ts:1:10: ", or "": the engine does not say which module wanted it, so the name is looked for. */
function placeOfImport(name: string, isSpecifier: (text: string) => boolean, sources: Sources): string {
  for (const [file, source] of sources) {
    const { tokens } = tokensOf(source);
    let start = -1;
    for (const [at, { kind, text }] of tokens.entries()) {
      const next = tokens[at + 1];
      if (kind === "word" && (text === "import" || text === "export")) start = at;
      else if (text === ";") start = -1;
      else if (start >= 0 && text === "from" && next?.kind === "string" && isSpecifier(next.text.slice(1, -1))) {
        const found = tokens.slice(start, at).find((token) => token.kind === "word" && token.text === name);
        if (!found) continue;
        const { line, column } = positionAt(file, source, found.start);
        return `${file}:${line}:${column}: `;
      }
    }
  }
  return "";
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
