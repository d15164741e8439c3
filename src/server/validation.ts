/** Requests against their schemas: unknown fields are refused, and what is wrong is told by its place. */
import { Ajv, type ErrorObject } from "ajv";
import type { TSchema } from "typebox";
import { WilcoError } from "../core/errors.ts";
import { problemsIn, type SchemaProblem } from "../domain/schema.ts";
import { STORABLE_PATTERN } from "../protocol/schema-parts.ts";

interface Check {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

const options = {
  // The first error is enough; all of them for 10,000 bad items would be a cheap way to keep the server busy.
  allErrors: false,
  verbose: true,
  removeAdditional: false,
  useDefaults: true,
  validateFormats: false,
  strict: false,
  // They are ours.
  validateSchema: false,
  logger: false,
  // Half of the compiling, and checks are not faster by it: V8 optimises what runs often.
  code: { optimize: false },
} as const;

/** A validator compiler for fastify. Only what comes in the URL is converted: there, everything is text. */
export function createValidatorCompiler(): (route: { schema: unknown; httpPart?: string }) => Check {
  const bodies = new Ajv({ ...options, coerceTypes: false });
  const texts = new Ajv({ ...options, coerceTypes: true });
  return ({ schema, httpPart }) => {
    let compiled: Check | undefined;
    // At the first request: compiling all schemas would take 40 ms of every start, and most are never used.
    const check: Check = (value) => {
      compiled ??= (httpPart === "body" ? bodies : texts).compile(schema as TSchema) as Check;
      const good = compiled(value);
      check.errors = compiled.errors ?? null;
      return good;
    };
    return check;
  };
}

const PARTS: Record<string, string> = {
  body: "the body",
  querystring: "the query",
  params: "the path",
  headers: "the headers",
};

/** Fastify's schema error formatter: a WilcoError with one sentence for each problem. */
export function explainInvalid(errors: unknown, part: string): WilcoError {
  const problems = problemsIn(errors as ErrorObject[]).map(inWords);
  const [first] = problems;
  return new WilcoError({
    code: "invalid_request",
    message: `The request can't be read, in ${PARTS[part] ?? part}: ${problems.map(({ message }) => message).join("; ")}`,
    hint: first?.hint ?? "GET /v1/openapi.json describes every request.",
    details: { problems },
  });
}

/** Patterns mean something; regular expressions are no sentence. */
function inWords(problem: SchemaProblem): SchemaProblem {
  const at = problem.message.indexOf(" must match pattern ");
  if (at < 0) return problem;
  const subject = problem.message.slice(0, at);
  return problem.message.includes(JSON.stringify(STORABLE_PATTERN).slice(1, -1)) ||
    problem.message.includes(STORABLE_PATTERN)
    ? { ...problem, message: `${subject} has a NUL or half of a character in it, which can't be stored` }
    : {
        ...problem,
        message: `${subject} is not a name`,
        hint: "Names are letters, digits, '.', '_' and '-', and start with a letter or digit.",
      };
}
