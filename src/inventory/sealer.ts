/** Seals secrets at rest: AES-256-GCM with the server's key. The database alone opens nothing. */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, WilcoError } from "../core/errors.ts";
import { sha256 } from "../core/ids.ts";

export interface Sealer {
  /** Which key it is; says nothing about the key itself. */
  readonly keyId: string;
  /** A text "v1.KEYID.DATA" that only this key opens. */
  seal(plain: string): string;
  /** @throws WilcoError `conflict` when it was sealed with another key, or was changed since. */
  open(sealed: string): string;
  /** Equal for equal texts; without the key nobody can try out which text it was. */
  digest(text: string): string;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** In the data directory. */
export const KEY_FILE = "secret.key";

/** @param key 32 bytes, from `ensureSecretKey` (embedded) or `parseSecretKey` (a cluster's own). */
export function createSealer(key: Uint8Array): Sealer {
  if (key.length !== KEY_BYTES) throw new RangeError(`a secret key has ${KEY_BYTES} bytes`);
  // Tells "another key" from "damaged".
  const keyId = sha256(key).slice(0, 8);
  // As an object: bytes are made one for each call, which costs three times what the sealing does.
  const secretKey = createSecretKey(key);
  return {
    keyId,
    digest: (text) => createHmac("sha256", key).update(text).digest("hex"),
    seal(plain) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", secretKey, nonce);
      const body = Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `v1.${keyId}.${body.toString("base64url")}`;
    },
    open(sealed) {
      const [version, sealedWith, data = ""] = sealed.split(".");
      if (version !== "v1") throw unopened("it has a form that this wilco does not know");
      if (sealedWith !== keyId) throw unopened("it was sealed with another key");
      try {
        const body = Buffer.from(data, "base64url");
        const decipher = createDecipheriv("aes-256-gcm", secretKey, body.subarray(0, NONCE_BYTES));
        decipher.setAuthTag(body.subarray(-TAG_BYTES));
        const plain = decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES));
        return Buffer.concat([plain, decipher.final()]).toString("utf8");
      } catch (error) {
        throw unopened(`it was changed since (${messageOf(error)})`);
      }
    },
  };
}

/** A key as `--secret-key-file` and WILCO_SECRET_KEY hold it. @throws WilcoError `invalid_request`. */
export function parseSecretKey(text: string): Buffer {
  const trimmed = text.trim();
  const key = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, "hex") : Buffer.from(trimmed, "base64");
  if (key.length === KEY_BYTES && /^[A-Za-z0-9+/_=-]+$/.test(trimmed)) return key;
  throw new WilcoError({
    code: "invalid_request",
    message: "The secret key is not 32 bytes in base64 or hexadecimal",
    hint: "Make one with: openssl rand -base64 32",
  });
}

/** The embedded server's key, `<dataDir>/secret.key` (mode 0600), made when there is none. The directory exists. */
export function ensureSecretKey(dataDir: string): Buffer {
  const file = join(dataDir, KEY_FILE);
  try {
    // "wx": two starts at once can't both write a key; the second reads the first one's.
    writeFileSync(file, `${randomBytes(KEY_BYTES).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw unusable(file, error);
  }
  try {
    chmodSync(file, 0o600);
    return parseSecretKey(readFileSync(file, "utf8"));
  } catch (error) {
    throw unusable(file, error);
  }
}

function unopened(why: string): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: `A stored secret can't be opened: ${why}`,
    hint: "Set it again; or start the servers with the secret key it was sealed with.",
  });
}

function unusable(file: string, cause: unknown): WilcoError {
  return new WilcoError({
    code: "data_directory_unusable",
    message: `The secret key ${file} can't be used: ${messageOf(cause)}`,
    hint: "Restore it from a backup: without it, the stored secrets can't be opened.",
    cause,
  });
}
