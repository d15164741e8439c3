/** Content: bytes that the server keeps under their SHA-256, for operations to take as a parameter. */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject, type JsonSchema } from "../core/json.ts";

/** What the server knows about stored bytes. */
export interface Content {
  /** Of all bytes, 64 hexadecimal digits in lower case. */
  sha256: string;
  /** Bytes, at least 1. */
  size: number;
  /** The file name it was first uploaded under. */
  name: string;
  createdBy: string;
  /** ISO. */
  createdAt: string;
}

/** A content as a parameter holds it: the name is this use's own. */
export interface ContentRef {
  sha256: string;
  size: number;
  name: string;
}

const SHA256 = /^[0-9a-f]{64}$/;
/** What file systems take; in UTF-8. */
const MAX_NAME = 255;

export function isSha256(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

/**
 * A plain file name: it becomes one on workers' disks.
 * @throws WilcoError `invalid_request`.
 */
export function requireContentName(name: string): string {
  const wrong = contentNameProblem(name);
  if (wrong === null) return name;
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(name.slice(0, 80))} is not the name of a content: it ${wrong}`,
    hint: 'Give the file name alone, e.g. "app.tgz".',
  });
}

/** Why it is no plain file name, or null when it is one. */
export function contentNameProblem(name: string): string | null {
  if (name === "") return "is empty";
  if (/[/\\]/.test(name)) return "has a path in it";
  if (name === "." || name === "..") return "is a directory";
  if (/[\u0000-\u001f\u007f]/.test(name)) return "has a control character in it";
  return new TextEncoder().encode(name).length > MAX_NAME ? `is longer than ${MAX_NAME} bytes` : null;
}

const names = new WeakMap<JsonSchema, readonly string[]>();

/** The parameters that a schema declares as content (`content: true`), in their order. */
export function contentParameters(schema: JsonSchema): readonly string[] {
  let found = names.get(schema);
  if (!found) {
    const properties = isJsonObject(schema["properties"]) ? schema["properties"] : {};
    found = Object.entries(properties).flatMap(([name, one]) =>
      isJsonObject(one) && one["content"] === true ? [name] : [],
    );
    names.set(schema, found);
  }
  return found;
}

/** The schema of a parameter that is content; callers may leave out size and name, the server fills them in. */
export function contentSchema(description: string): JsonSchema {
  return {
    type: "object",
    content: true,
    description,
    properties: {
      sha256: { type: "string", pattern: SHA256.source, description: "of stored content" },
      size: { type: "integer", minimum: 1, description: "bytes" },
      name: { type: "string", minLength: 1, maxLength: MAX_NAME, description: "file name" },
    },
    required: ["sha256"],
    additionalProperties: false,
  };
}

export function unknownContent(sha256: string): WilcoError {
  return new WilcoError({
    code: "unknown_content",
    message: `The server has no content ${sha256}`,
    hint: 'Upload it first ("wilco content put FILE"); "wilco content list" shows what there is.',
    details: { sha256 },
  });
}
