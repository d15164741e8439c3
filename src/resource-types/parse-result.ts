/** How an operation of a YAML type gets its result: `result:` and `exitCodes:`. */
import { isJsonObject, type JsonSchema } from "../core/json.ts";
import { messageOf } from "../core/errors.ts";
import type { ExitCodeMeaning, RegexResult, ResultForm } from "../domain/resource-type.ts";
import type { DocumentReader } from "./document-reader.ts";
import { groupNames } from "./regex-fields.ts";

const RESULTS = ["none", "text", "json"] as const;
const REGEX_KEYS = ["regex", "flags", "all", "fields"] as const;
const KINDS = ["text", "integer", "number"] as const;
const MEANING_KEYS = ["value", "fails", "message", "hint"] as const;
const CODE = /^[a-z][a-z0-9_]{0,63}$/;

/** `result: { regex: … }`, as opposed to a schema: "regex" is no keyword of JSON Schema. */
export function isRegexResult(result: unknown): boolean {
  return isJsonObject(result) && "regex" in result;
}

/** What `result` says of the form; a schema implies json. */
export function parseResultForm(reader: DocumentReader): { result: ResultForm; regex?: RegexResult } {
  const result = reader.raw("result");
  if (isRegexResult(result)) {
    const regex = parseRegex(reader.child("result", REGEX_KEYS)!);
    return regex ? { result: "regex", regex } : { result: "none" };
  }
  if (typeof result === "object" && result !== null) return { result: "json" };
  return { result: reader.choice("result", RESULTS) ?? "none" };
}

/** What editors are told of the result. */
export function schemaOfRegex({ pattern, flags, fields, all }: RegexResult): JsonSchema {
  const names = groupNames(pattern, flags);
  const typeOf = (name: string) => ({ text: "string", integer: "integer", number: "number" })[fields[name] ?? "text"];
  const match: JsonSchema = {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, { type: [typeOf(name), "null"] }])),
    required: names,
  };
  return all ? { type: "array", items: match } : match;
}

function parseRegex(reader: DocumentReader): RegexResult | null {
  const pattern = reader.text("regex");
  const flags = reader.text("flags") ?? "";
  if (pattern === undefined) return null;
  if (!/^(?!.*(.).*\1)[imsu]*$/.test(flags)) {
    reader.problem("flags", "must be some of i, m, s and u", "g is not needed: all: true gives every match.");
    return null;
  }
  const names = namesOf(reader, pattern, flags);
  if (names === null) return null;
  const fields = reader.child("fields", names);
  return {
    pattern,
    flags,
    all: reader.flag("all") ?? false,
    fields: Object.fromEntries(
      (fields?.keys ?? []).flatMap((name) => {
        const kind = fields!.choice(name, KINDS);
        return kind === undefined ? [] : [[name, kind]];
      }),
    ),
  };
}

function namesOf(reader: DocumentReader, pattern: string, flags: string): string[] | null {
  try {
    const names = groupNames(pattern, flags);
    if (names.length > 0) return names;
    reader.problem("regex", "has no named group", "Name what the result is to hold: (?<version>\\S+)");
  } catch (error) {
    reader.problem("regex", `is not a regular expression: ${messageOf(error)}`);
  }
  return null;
}

/** undefined when there are none. */
export function parseExitCodes(operation: DocumentReader): Record<string, ExitCodeMeaning> | undefined {
  const reader = operation.child("exitCodes", null);
  if (!reader) return undefined;
  const meanings: Record<string, ExitCodeMeaning> = {};
  for (const code of reader.keys) {
    if (!/^\d{1,3}$/.test(code) || Number(code) > 255) {
      reader.problem(code, "is not an exit code", "Exit codes are whole numbers from 0 to 255.");
      continue;
    }
    const meaning = parseMeaning(reader, code);
    if (meaning) meanings[code] = meaning;
  }
  return meanings;
}

function parseMeaning(codes: DocumentReader, code: string): ExitCodeMeaning | null {
  const given = codes.raw(code);
  if (given === "ok") return { kind: "ok" };
  const says = isJsonObject(given) ? (["value", "fails"] as const).filter((key) => Object.hasOwn(given, key)) : [];
  if (!isJsonObject(given) || says.length !== 1) {
    codes.problem(
      code,
      "must be ok, { value: … } or { fails: … }",
      "Write for example { value: stopped } or { fails: not_installed, message: It is not installed. }",
    );
    return null;
  }
  const reader = codes.child(code, MEANING_KEYS)!;
  if (says[0] === "value") {
    for (const key of ["message", "hint"]) if (reader.has(key)) reader.problem(key, "belongs to fails, not to value");
    return { kind: "value", value: given["value"] ?? null };
  }
  const fails = reader.text("fails") ?? "";
  if (!CODE.test(fails)) reader.problem("fails", "must be a code", "Codes are like not_installed: a-z, 0-9 and _.");
  return { kind: "fails", code: fails, message: reader.text("message") ?? null, hint: reader.text("hint") ?? null };
}
