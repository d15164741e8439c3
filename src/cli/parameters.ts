/**
 * Parameters of a call as typed on a command line: `k=v` (converted by the schema), `k:=JSON`, `k=@FILE`, `k=@-`,
 * `k=@env:NAME`, `k=@secret:NAME`, `k=@@text` for a literal @, and a whole document. What the schema allows beyond types is the server's
 * to check, before anything is filed.
 */
import { isJsonObject, type Json, type JsonObject, type JsonSchema } from "../core/json.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { isSha256, type ContentRef } from "../domain/content.ts";
import type { OperationDescriptor } from "../domain/resource-type.ts";
import { article, convertText, example, propertySchema, typesOf } from "./parameter-schema.ts";
import { whyUnreadable } from "../core/file-errors.ts";

/** One `--param`, read but not yet converted. */
export interface ParameterAssignment {
  name: string;
  /** As JSON (`:=`), as typed, or from a file, stdin, the environment or the server's secret store. */
  source: "json" | "literal" | "file" | "large file" | "stdin" | "environment" | "store";
  /** The value; of one from the store its name, until `fillInSecrets`. */
  text: string;
  /** Of one from a file. */
  path?: string;
  /** What a file is once it is in the content store. */
  content?: ContentRef;
}

export interface RawParameters {
  /** `--params`; the assignments overlay it. */
  document: JsonObject;
  assignments: ParameterAssignment[];
  /** What stood after `--`; null when there was no `--`. */
  argv: string[] | null;
}

export interface ParameterInputs {
  params: readonly string[];
  /** `--params FILE|-`. */
  document: string | undefined;
  argv: readonly string[] | null;
  /** null = too large for a text; it may still be content. */
  readFile: (path: string) => Promise<string | null>;
  /** All of stdin; called once at most. */
  readStdin: () => Promise<string>;
  env: Record<string, string | undefined>;
  /** The flag that gives them, for messages. Default "--param". */
  flag?: string;
}

/** Reads everything that is named. @throws WilcoError `invalid_parameters`. */
export async function readParameters(inputs: ParameterInputs): Promise<RawParameters> {
  const { flag = "--param" } = inputs;
  let stdinFor: string | undefined;
  const readStdin = (what: string) => {
    if (stdinFor !== undefined) {
      throw invalid(`${stdinFor} and ${what} both read stdin`, "Only one of them can; put the other into a file.");
    }
    stdinFor = what;
    return inputs.readStdin();
  };
  const readFile = async (path: string, what: string, hint: string): Promise<string | null> => {
    try {
      return await inputs.readFile(path);
    } catch (error) {
      throw invalid(`${what} can't be read: ${whyUnreadable(error)}`, hint);
    }
  };

  let document: JsonObject = {};
  if (inputs.document !== undefined) {
    const what = inputs.flag === undefined ? "--params" : `@${inputs.document}`;
    const hint = /^\s*[{[]/.test(inputs.document)
      ? `It takes the name of a file, or - for stdin; in the line itself write ${flag} name=value, or name:=JSON.`
      : "Check the path.";
    const text = inputs.document === "-" ? await readStdin(`${what} -`) : await readFile(inputs.document, what, hint);
    if (text === null) throw tooLarge(what);
    document = await parseDocument(text, inputs.document === "-" ? "stdin" : inputs.document);
  }
  const assignments: ParameterAssignment[] = [];
  for (const param of inputs.params) {
    const match = /^([^=]+?)(:?=)([\s\S]*)$/.exec(param);
    if (!match) throw invalid(`${flag} ${param} has no "="`, `Write ${flag} name=value, or name:=JSON.`);
    const [, name, sign, value] = match as unknown as [string, string, string, string];
    const what = `${flag} ${name}`;
    // An assignment to it would set something else than a key, and get lost without a word.
    if (name.split(".").includes("__proto__"))
      throw invalid(`"${name}" can't be set one by one`, `Give it as a part of the whole: KEY:='{"__proto__": …}'.`);
    if (sign === ":=") assignments.push({ name, source: "json", text: value });
    else if (value.startsWith("@@")) assignments.push({ name, source: "literal", text: value.slice(1) });
    else if (value === "@-") assignments.push({ name, source: "stdin", text: await readStdin(what) });
    else if (value.startsWith("@env:")) {
      const variable = value.slice("@env:".length);
      const text = inputs.env[variable];
      if (text === undefined) throw invalid(`${what}: the environment has no ${variable}`, "Set it, or name another.");
      assignments.push({ name, source: "environment", text });
    } else if (value.startsWith("@secret:")) {
      assignments.push({ name, source: "store", text: value.slice("@secret:".length) });
    } else if (value.startsWith("@")) {
      const path = value.slice(1);
      const text = await readFile(path, what, "Check the path; a value that begins with @ is written @@.");
      assignments.push({ name, source: text === null ? "large file" : "file", text: text ?? "", path });
    } else assignments.push({ name, source: "literal", text: value });
  }
  return { document, assignments, argv: inputs.argv === null ? null : [...inputs.argv] };
}

/** With the values of the stored secrets that are named. @param reveal a secret's value by its name. */
export async function fillInSecrets(
  raw: RawParameters,
  reveal: (name: string) => Promise<string>,
): Promise<{ raw: RawParameters; secrets: Map<string, string> }> {
  const secrets = new Map<string, string>();
  for (const { source, text } of raw.assignments) {
    if (source === "store" && !secrets.has(text)) secrets.set(text, await reveal(text));
  }
  const assignments = raw.assignments.map((one) =>
    one.source === "store" ? { ...one, text: secrets.get(one.text)! } : one,
  );
  return { raw: { ...raw, assignments }, secrets };
}

/**
 * The parameters for one operation. A name given twice is a list where the schema has one, else an error.
 * @param typeName names the operation in errors: `web-server.restart`.
 * @throws WilcoError `invalid_parameters`: unknown name (the nearest is offered), not of the schema's type, a secret as
 *   a literal, arguments after `--` for an operation that takes none.
 */
export function convertParameters(
  raw: RawParameters,
  typeName: string,
  operation: Pick<OperationDescriptor, "name" | "parameters" | "argv">,
): JsonObject {
  const schema = operation.parameters;
  const properties = isJsonObject(schema["properties"]) ? (schema["properties"] as Record<string, JsonSchema>) : {};
  const called = `${typeName}.${operation.name}`;
  const parameters: JsonObject = { ...raw.document };
  for (const name of Object.keys(parameters)) requireKnown(name, schema, properties, called);
  const given = new Set<string>();
  for (const assignment of raw.assignments) {
    const { name } = assignment;
    requireKnown(name, schema, properties, called);
    const property = propertySchema(schema, properties, name);
    if (property["secret"] === true && (assignment.source === "literal" || assignment.source === "json")) {
      throw invalid(
        `"${name}" of ${called} is a secret and can't be given as a literal, which the shell's history and ps would show`,
        `Write ${name}=@FILE, ${name}=@- (stdin), ${name}=@env:NAME or ${name}=@secret:NAME.`,
      );
    }
    const value = convert(assignment, property, schema, called);
    if (!given.has(name)) parameters[name] = value;
    else if (typesOf(property, schema).includes("array") && Array.isArray(value)) {
      parameters[name] = [...(parameters[name] as Json[]), ...value];
    } else throw invalid(`"${name}" is given twice`, "Only a parameter that is a list can be repeated.");
    given.add(name);
  }
  if (raw.argv !== null) {
    if (operation.argv === null) {
      throw invalid(`${called} takes no arguments after --`, "Give parameters with --param name=value.");
    }
    if (Object.hasOwn(parameters, operation.argv)) {
      throw invalid(`"${operation.argv}" is given twice: as a parameter and after --`, "Leave one of them out.");
    }
    parameters[operation.argv] = raw.argv;
  }
  return parameters;
}

function convert(assignment: ParameterAssignment, property: JsonSchema, root: JsonSchema, called: string): Json {
  const { name, source } = assignment;
  if (property["content"] === true && source !== "json") return contentOf(assignment, called);
  if (source === "large file") throw tooLarge(`"${name}" of ${called}`);
  if (source === "json") {
    try {
      return JSON.parse(assignment.text) as Json;
    } catch (error) {
      throw invalid(`"${name}" of ${called} is not JSON: ${messageOf(error)}`, `Write ${name}=TEXT for a plain text.`);
    }
  }
  const types = typesOf(property, root);
  // A file's last line break is the editor's, not the value's, except where the text itself is the value.
  const text =
    types.includes("string") && property["secret"] !== true ? assignment.text : trimLineEnd(source, assignment.text);
  const value = convertText(text, property, root);
  if (value !== undefined) return value;
  const hidden = source === "store" || property["secret"] === true;
  throw invalid(
    `"${name}" of ${called} must be ${types.map(article).join(" or ")}, but is ${hidden ? "something else" : JSON.stringify(shorten(text))}`,
    types.includes("object") || types.includes("array") ? `Write ${name}:=JSON.` : `Write ${name}=${example(types)}.`,
  );
}

function contentOf({ name, content, text }: ParameterAssignment, called: string): Json {
  if (content) return { ...content };
  if (isSha256(text)) return { sha256: text };
  throw invalid(`"${name}" of ${called} is a file`, `Write ${name}=@FILE, or ${name}=SHA256 of stored content.`);
}

function tooLarge(what: string): WilcoError {
  return new WilcoError({
    code: "too_large",
    message: `${what} is more than 1 MB, and no file that is sent as content`,
    hint: "Parameters have 1 MB in all; large files go to operations that take content, such as upload and deploy.",
  });
}

function requireKnown(name: string, schema: JsonSchema, properties: Record<string, JsonSchema>, called: string): void {
  if (Object.hasOwn(properties, name) || schema["additionalProperties"] !== false) return;
  const names = Object.keys(properties);
  throw invalid(
    `${called} has no parameter "${name}"`,
    names.length === 0 ? `${called} takes no parameters.` : suggestion(name, names, "its parameters"),
  );
}

async function parseDocument(text: string, from: string): Promise<JsonObject> {
  let value: unknown;
  try {
    // YAML is a superset of JSON, but slower to load and vaguer about what is wrong with JSON.
    value = /^\s*\{/.test(text) ? JSON.parse(text) : (await import("yaml")).parse(text);
  } catch (error) {
    const why = text.trim() === "" ? "it is empty" : messageOf(error);
    throw invalid(`--params: ${from} is not JSON or YAML: ${why}`, "Correct it; all parameters stand in one object.");
  }
  if (isJsonObject(value)) return value;
  throw invalid(`--params: ${from} is not an object of names and values`, 'Write {"name": value}.');
}

function trimLineEnd(source: ParameterAssignment["source"], text: string): string {
  return source === "literal" ? text : text.replace(/\r?\n$/, "");
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_parameters", message, hint });
}
