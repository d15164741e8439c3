/** What the schemas of requests are made of: bounds, names, texts that the database can store. */
import { Type } from "typebox";

export const closed = { additionalProperties: false } as const;
export const name = (what: string) =>
  Type.String({ minLength: 1, maxLength: 128, pattern: "^[A-Za-z0-9][A-Za-z0-9._-]*$", description: what });
/** What PostgreSQL can store and compare: no NUL, no half of a surrogate pair. */
export const STORABLE_PATTERN = "^[^\\u0000\\ud800-\\udfff]*$";
export const storable = { pattern: STORABLE_PATTERN } as const;
/** Text of people, bounded. */
export const text = (maxLength: number, description: string) => Type.String({ maxLength, ...storable, description });
/** An id that a worker made up. */
export const uniqueId = (description: string) =>
  Type.String({ minLength: 8, maxLength: 64, pattern: "^[A-Za-z0-9._-]+$", description });
export const ms = (description: string) =>
  Type.Integer({ minimum: 0, maximum: 315_360_000_000, description: `${description} (ms)` });
export const jsonObject = Type.Record(Type.String(), Type.Unknown());
export const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** Bytes of one request body, of an inventory document, of the parameters of one call, and of one result. */
export const LIMITS = {
  body: 32 * 1024 * 1024,
  inventory: 128 * 1024 * 1024,
  parameters: 1024 * 1024,
  result: 4 * 1024 * 1024,
  secret: 64 * 1024,
  submitItems: 10_000,
  pollItems: 50_000,
  pageSize: 1_000,
  outputChunk: 256 * 1024,
} as const;

/** Of lists that are read a page at a time. */
export const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSize, default: 100 })),
  cursor: Type.Optional(Type.String({ maxLength: 512 })),
};
