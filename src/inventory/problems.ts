/** What is wrong with a document: all of it at once, each with its place. */
import { WilcoError, type ErrorCode } from "../core/errors.ts";

export interface Problem {
  /** `resources.web-1.connection.url`, in the words of the document. */
  path: string;
  /** A sentence without its full stop. */
  message: string;
  hint?: string | undefined;
  /** Used when it is the only problem; default the code of the whole. */
  code?: ErrorCode;
}

export type Report = (path: string, message: string, hint?: string, code?: ErrorCode) => void;

export interface Problems {
  readonly list: Problem[];
  readonly report: Report;
  /** False when enough was reported already: looking up the nearest names costs queries. */
  readonly mayGuess: () => boolean;
}

const MAX_GUESSES = 50;
/** Problems told in the sentence; all of them are in the details. */
const SHOWN = 20;

export function collectProblems(): Problems {
  const list: Problem[] = [];
  return {
    list,
    mayGuess: () => list.length < MAX_GUESSES,
    report: (path, message, hint, code) => {
      list.push({ path, message, ...(hint === undefined ? {} : { hint }), ...(code === undefined ? {} : { code }) });
    },
  };
}

/** @param what e.g. "The inventory". @throws WilcoError with every problem, when there is one. */
export function throwProblems(problems: readonly Problem[], what: string, code: ErrorCode): void {
  const [first] = problems;
  if (!first) return;
  const lines = problems
    .slice(0, SHOWN)
    .map(
      ({ path, message, hint }) =>
        `${path === "" ? "" : `${path}: `}${message}${hint && problems.length > 1 ? ` (${hint})` : ""}`,
    );
  if (problems.length > SHOWN) lines.push(`… and ${problems.length - SHOWN} more`);
  const single = problems.length === 1;
  throw new WilcoError({
    code: single ? (first.code ?? code) : code,
    message: single
      ? `${what} can't be saved: ${lines[0]!}`
      : `${what} can't be saved, ${problems.length} things are wrong:\n  ${lines.join("\n  ")}`,
    hint: single && first.hint !== undefined ? first.hint : "Nothing was changed.",
    details: { problems: problems.map(({ path, message, hint }) => ({ path, message, hint: hint ?? null })) },
  });
}
