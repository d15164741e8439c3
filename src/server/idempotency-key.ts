/** The Idempotency-Key header of what files entries. */
import { WilcoError } from "../core/errors.ts";
import type { Asked, Shapes } from "./route.ts";

export const KEY_HEADER = { "idempotency-key": "Repeating the request with the same key files nothing twice" };
const MAX_KEY = 400;

/** @throws WilcoError `invalid_request`. */
export function idempotencyKey({ headers }: Asked<Shapes>): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && key !== "" && key.length <= MAX_KEY) return key;
  throw new WilcoError({
    code: "invalid_request",
    message: `The Idempotency-Key header has to have 1 to ${MAX_KEY} characters`,
    hint: "Send a random identifier, the same for every repetition of the request.",
  });
}
