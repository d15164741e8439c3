/** `wilco secrets rekey`: straight in the database, while no server runs on it. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { createSealer, KEY_FILE, parseSecretKey } from "../../inventory/sealer.ts";
import { rekey, someOf, type Rekeyed } from "../../inventory/sealing-key.ts";
import type { Context } from "../context.ts";
import { databaseUrlOf } from "../database-url.ts";
import { dataDirOf } from "../data-dir.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument } from "../output/documents.ts";
import { readKeyFile, secretKeyOf } from "../secret-key.ts";

export interface RekeyFlags {
  dataDir?: string;
  databaseUrl?: string;
  secretKeyFile?: string;
  newKeyFile?: string;
  lost?: boolean;
}

/** Written before the database is changed, and renamed afterwards: at no time is the key that counts on no disk. */
const NEW_KEY_FILE = `${KEY_FILE}.new`;

export async function rekeySecrets(context: Context, flags: RekeyFlags): Promise<number> {
  const dataDir = dataDirOf(context, flags.dataDir);
  const url = databaseUrlOf(context.env, flags.databaseUrl);
  const given = secretKeyOf(context, flags.secretKeyFile);
  const file = given === undefined && (url === undefined || existsSync(join(dataDir, KEY_FILE))) ? dataDir : null;
  const present = given ?? (file === null ? undefined : readOwnKey(file));
  if (present === undefined && flags.lost !== true) throw noPresentKey();
  const next = newKeyOf(context, flags, file);
  if (present !== undefined && Buffer.compare(present, next) === 0) throw sameKey();

  const { openDatabase } = await import("../../database/database.ts");
  // Its own connection is the only one then, and any other is a server's.
  const database = await openDatabase(url === undefined ? { dataDir } : { url, poolSize: 1 });
  let done: Rekeyed;
  try {
    if (file !== null) writeNewKey(file, next);
    const from = createSealer(present ?? randomBytes(next.length));
    done = await rekey(database, { from, to: createSealer(next), lost: flags.lost === true });
    if (file !== null) renameSync(join(file, NEW_KEY_FILE), join(file, KEY_FILE));
  } finally {
    await database.close();
  }
  const where = file === null ? "Start all servers with the new key." : `The new key is in ${join(file, KEY_FILE)}.`;
  context.output.notice(`${done.resealed} sealed values have the new key now. ${where}`);
  if (done.left.length > 0) {
    context.output.warn(`To be set again, for nothing opens them: ${someOf(done.left, 20)}.`);
  }
  await printDocument(context.output, done, () => "");
  return EXIT.succeeded;
}

/** undefined when there is none. */
function readOwnKey(dataDir: string): Buffer | undefined {
  const path = join(dataDir, KEY_FILE);
  return existsSync(path) ? parseSecretKey(readKeyFile(path)) : undefined;
}

/** One of its own making only where it can be kept; what an interrupted run left there counts, for it may be in use. */
function newKeyOf(context: Context, { newKeyFile }: RekeyFlags, dataDir: string | null): Buffer {
  if (newKeyFile !== undefined) return parseSecretKey(readKeyFile(context.path(newKeyFile)));
  if (dataDir === null) {
    throw new WilcoError({
      code: "invalid_request",
      message: "Which key is the new one is not said",
      hint: "Make one, keep it, and name its file: openssl rand -base64 32 > new.key; --new-key-file new.key",
    });
  }
  const started = join(dataDir, NEW_KEY_FILE);
  return existsSync(started) ? parseSecretKey(readFileSync(started, "utf8")) : randomBytes(32);
}

function writeNewKey(dataDir: string, key: Buffer): void {
  const path = join(dataDir, NEW_KEY_FILE);
  try {
    writeFileSync(path, `${key.toString("base64")}\n`, { mode: 0o600, flush: true });
    chmodSync(path, 0o600);
  } catch (error) {
    throw new WilcoError({
      code: "data_directory_unusable",
      message: `The new key ${path} can't be written: ${whyUnwritable(error)}`,
      hint: "Nothing was changed; the directory has to be writable.",
    });
  }
}

function noPresentKey(): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: "The present key is not said, and there is none in the data directory",
    hint: "Give it with WILCO_SECRET_KEY or --secret-key-file; if it is lost, say so with --lost.",
  });
}

function sameKey(): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: "The new key is the present one",
    hint: "Make another: openssl rand -base64 32 > new.key",
  });
}
