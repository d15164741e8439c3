/**
 * JSON Schema checks with errors that people can act on. The server checks parameters and connections with it before it
 * files anything, the worker checks parameters again before it runs anything, and the inventory checks the schemas
 * themselves. `format` is an annotation only (as draft 2020-12 has it by default): use `pattern` to enforce one.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { WilcoError, type ErrorCode, messageOf } from "../core/errors.ts";
import { canonicalJson, isJsonObject, type JsonObject, type JsonSchema } from "../core/json.ts";
import { nearest, suggestion } from "../core/suggest.ts";
import { misspelt } from "./schema-keywords.ts";

/** One thing that is wrong with a value. */
export interface SchemaProblem {
  /** Where: "", "ports[0]", "ready.url". */
  path: string;
  /** A sentence without its full stop: `"ports[0]" must be a number, but is a text`. */
  message: string;
  /** The nearest right name or the names there are, or null. */
  hint: string | null;
}

export interface ParseOptions {
  /** What the value is, as the sentence names it. Default "parameters". */
  what?: string;
  /** Default "invalid_parameters". */
  code?: ErrorCode;
  /** For problems that have none of their own. */
  hint?: string;
}

export interface SchemaValidator {
  /**
   * A copy of `value` with the schema's defaults filled in; `undefined` counts as `{}`.
   * @throws WilcoError `invalid_parameters` (or `options.code`) that names every problem; `details.problems` lists them.
   */
  parse(schema: JsonSchema, value: unknown, options?: ParseOptions): JsonObject;
  /** Every problem of `value`, in the order found; empty when it fits. Does not fill in defaults. */
  problems(schema: JsonSchema, value: unknown): SchemaProblem[];
  /** Why `schema` can't be used, as a sentence without its full stop, or null when it can. */
  schemaProblem(schema: unknown): string | null;
  /** All of why it can't be used, with the places in the schema: "properties.days.minimun". */
  schemaProblems(schema: unknown): SchemaProblem[];
}

/** Problems told in the sentence; all of them are in the details. */
const SHOWN = 5;
const MAX_PROBLEMS = 50;

/**
 * Compiling costs about 1 ms a schema and checking about 1 µs, so compiled schemas are kept.
 * @param options.cacheSize compiled schemas kept, oldest dropped first. Default 1000.
 */
export function createSchemaValidator({ cacheSize = 1_000 }: { cacheSize?: number } = {}): SchemaValidator {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    // A misspelt keyword or a default that would be ignored is refused, where the schema is written.
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    validateFormats: false,
    addUsedSchema: false,
    logger: false,
    // Half of the compiling, and checks are not faster by it: V8 optimises what runs often.
    code: { optimize: false },
    // Where a schema is written it is checked (`schemaProblem`); checking it where it is used would compile the
    // meta-schema in every process that starts, 50 ms.
    validateSchema: false,
  });
  ajv.addKeyword({ keyword: "secret", schemaType: "boolean" });
  // The value names stored content, see content.ts.
  ajv.addKeyword({ keyword: "content", schemaType: "boolean" });
  // For people only: editors and completion show it beside the parameter.
  ajv.addKeyword({ keyword: "unit", schemaType: "string" });
  // The object finds it without making its text; the text finds it when the same schema comes as another object.
  const byObject = new WeakMap<JsonSchema, ValidateFunction>();
  const byText = new Map<string, ValidateFunction>();

  function compiled(schema: JsonSchema): ValidateFunction {
    const known = byObject.get(schema);
    if (known) return known;
    const text = canonicalJson(schema);
    let check = byText.get(text);
    if (!check) {
      check = ajv.compile(schema);
      // Ajv keeps every schema object it has seen for ever; ours is the cache with a bound.
      ajv.removeSchema(schema);
      byText.set(text, check);
      if (byText.size > cacheSize) byText.delete(byText.keys().next().value!);
    }
    byObject.set(schema, check);
    return check;
  }

  function problemsOf(check: ValidateFunction, copy: unknown): SchemaProblem[] {
    return check(copy) ? [] : problemsIn(check.errors ?? []);
  }

  function schemaProblems(schema: unknown): SchemaProblem[] {
    if (!isJsonObject(schema)) return [{ path: "", message: "it is not a JSON Schema object", hint: null }];
    const words = misspelt(schema, new Set(Object.keys(ajv.RULES.keywords)));
    const told = (path: string) => words.some((one) => one.path === path || one.path.startsWith(`${path}.`));
    if (!ajv.validateSchema(schema)) {
      const others = problemsIn(ajv.errors ?? []).filter(({ path }) => !told(path));
      return [...words, ...others.map((one) => ({ ...one, message: one.message.replace(`"${one.path}" `, "") }))];
    }
    if (words.length > 0) return words;
    try {
      compiled(schema);
      return [];
    } catch (error) {
      return [{ path: "", message: messageOf(error).replace(/^strict mode: /, ""), hint: null }];
    }
  }

  return {
    parse(schema, value, { what = "parameters", code = "invalid_parameters", hint } = {}) {
      const copy = jsonCopy(value, what, code);
      const problems = problemsOf(compiled(schema), copy);
      if (problems.length === 0 && isJsonObject(copy)) return copy;
      if (problems.length === 0) problems.push({ path: "", message: "the value must be an object", hint: null });
      const shown = problems.slice(0, SHOWN).map((problem) => problem.message);
      if (problems.length > SHOWN) shown.push(`and ${problems.length - SHOWN} more`);
      throw new WilcoError({
        code,
        message: `Invalid ${what}: ${shown.join("; ")}.`,
        hint: problems.find((problem) => problem.hint !== null)?.hint ?? hint,
        details: { problems },
      });
    },
    problems: (schema, value) => problemsOf(compiled(schema), jsonCopy(value, "value", "invalid_parameters")),
    schemaProblem(schema) {
      const [first] = schemaProblems(schema);
      if (!first) return null;
      return first.path === "" ? first.message : `${first.path} ${first.message}`;
    },
    schemaProblems,
  };
}

/** Ajv's errors, made with `verbose`, as problems: for those who compile schemas of their own. */
export function problemsIn(errors: ErrorObject[]): SchemaProblem[] {
  return relevant(errors).slice(0, MAX_PROBLEMS).map(problemOf);
}

/** JSON text and back: leaves out undefined, and what is not JSON can't reach a database or another process. */
function jsonCopy(value: unknown, what: string, code: ErrorCode): unknown {
  if (value === undefined) return {};
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch (error) {
    const why = error instanceof RangeError ? "it is nested too deeply" : `not JSON (${messageOf(error)})`;
    throw new WilcoError({ code, message: `Invalid ${what}: ${why}.`, cause: error });
  }
}

/**
 * Without what merely repeats another error: the branches of anyOf and oneOf, the "if" that names a failed "then", and that
 * a property is missing whose name is misspelt.
 */
function relevant(errors: ErrorObject[]): ErrorObject[] {
  const unions = errors.filter((error) => error.keyword === "anyOf" || error.keyword === "oneOf");
  const meant = new Set(
    errors.flatMap((error) => (isUnknownProperty(error) ? `${error.instancePath} ${meantBy(error)}` : [])),
  );
  return errors.filter(
    (error) =>
      error.keyword !== "if" &&
      !(error.keyword === "required" && meant.has(`${error.instancePath} ${error.params["missingProperty"]}`)) &&
      !unions.some((union) => error !== union && error.schemaPath.startsWith(`${union.schemaPath}/`)),
  );
}

function isUnknownProperty({ keyword }: ErrorObject): boolean {
  return keyword === "additionalProperties" || keyword === "unevaluatedProperties";
}

/** The property that an unknown one was probably meant to be. */
function meantBy({ params, parentSchema }: ErrorObject): string | undefined {
  return nearest(
    String(params["additionalProperty"] ?? params["unevaluatedProperty"]),
    Object.keys((parentSchema?.["properties"] as object | undefined) ?? {}),
  );
}

function problemOf(error: ErrorObject): SchemaProblem {
  const at = readablePath(error.instancePath);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "required": {
      const path = joined(at, String(params["missingProperty"]));
      return { path, message: `"${path}" is missing`, hint: null };
    }
    case "additionalProperties":
    case "unevaluatedProperties": {
      const name = String(params["additionalProperty"] ?? params["unevaluatedProperty"]);
      const path = joined(at, name);
      const properties = error.parentSchema?.["properties"];
      const known = isJsonObject(properties) ? Object.keys(properties) : [];
      return { path, message: `"${path}" is unknown`, hint: suggestion(name, known, "Known") ?? "It takes none." };
    }
    case "type":
      return problem(at, `must be ${typeName(params["type"])}, but is ${kindOf(error.data)}`);
    case "enum":
    case "const":
      return choice(at, error.data, (params["allowedValues"] as unknown[] | undefined) ?? [params["allowedValue"]]);
    case "anyOf":
    case "oneOf": {
      const constants = constantsOf(error.schema);
      return constants ? choice(at, error.data, constants) : problem(at, "matches none of the forms allowed");
    }
    case "not":
    case "false schema":
      return problem(at, "is not allowed here");
    case "minLength":
    case "maxLength":
    case "minItems":
    case "maxItems":
      return problem(at, wordsOfSize(error.keyword, Number(params["limit"])));
    case "pattern":
      return problem(at, wordsOfPattern(String(params["pattern"])) ?? error.message ?? "has another form");
    default:
      // Ajv's own words for bounds read well: "must be >= 1".
      return problem(at, error.message ?? `violates "${error.keyword}"`);
  }
}

function wordsOfSize(keyword: string, limit: number): string {
  if (keyword.startsWith("min") && limit === 1) return "must not be empty";
  const what = `${limit.toLocaleString("en")} ${keyword.endsWith("Items") ? "item" : "character"}${limit === 1 ? "" : "s"}`;
  return keyword.startsWith("min") ? `must have at least ${what}` : `may have at most ${what}`;
}

/** What the patterns mean that the types of wilco use most. */
function wordsOfPattern(pattern: string): string | undefined {
  if (pattern === "^https?://") return "must begin with http:// or https://";
  return pattern.startsWith("^(\\d+(\\.\\d+)?\\s*(ms|s|m|h") ? 'must be a duration such as "30s"' : undefined;
}

function problem(path: string, predicate: string, hint: string | null = null): SchemaProblem {
  return { path, message: `${path === "" ? "the value" : `"${path}"`} ${predicate}`, hint };
}

/** Values are never repeated in a message (one may be a secret), only what would be right. */
function choice(path: string, value: unknown, allowed: unknown[]): SchemaProblem {
  const texts = allowed.filter((one) => typeof one === "string");
  const near = typeof value === "string" ? nearest(value, texts) : undefined;
  const hint = near === undefined ? null : `Did you mean "${near}"?`;
  return problem(path, `must be ${allowed.map((one) => JSON.stringify(one)).join(" or ")}`, hint);
}

function constantsOf(branches: unknown): unknown[] | null {
  if (!Array.isArray(branches)) return null;
  const all = branches as unknown[];
  return all.every((one) => isJsonObject(one) && "const" in one)
    ? all.map((one) => (one as JsonObject)["const"])
    : null;
}

function readablePath(pointer: string): string {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce(joined, "");
}

function joined(path: string, part: string): string {
  if (/^\d+$/.test(part) && path !== "") return `${path}[${part}]`;
  return path === "" ? part : `${path}.${part}`;
}

const TYPE_NAMES: Record<string, string> = {
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  null: "null",
};

function typeName(type: unknown): string {
  return [type]
    .flat()
    .map((one) => TYPE_NAMES[String(one)] ?? String(one))
    .join(" or ");
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return TYPE_NAMES[typeof value] ?? typeof value;
}
