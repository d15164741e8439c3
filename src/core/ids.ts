/** Random identifiers and hashes. Entry ids are the database's own counters, not these. */
import { createHash, randomBytes } from "node:crypto";

/** A random identifier of 128 bits, 22 characters, safe in URLs and file names. */
export function randomId(): string {
  return randomBytes(16).toString("base64url");
}

/** A secret of 256 bits, 43 characters. */
export function randomSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function sha256(text: string | Uint8Array): string {
  return createHash("sha256").update(text).digest("hex");
}
