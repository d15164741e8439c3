/** A new database file, with its schema: copied from the one that the build made. */
import { closeSync, copyFileSync, existsSync, fsyncSync, openSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** In dist only; run from its sources, wilco makes the schema statement by statement, which takes 20 times as long. */
const EMPTY = fileURLToPath(new URL("../database/empty.db", import.meta.url));

/** Puts it at `file` unless something is there already. Migrations newer than the build's are applied as ever. */
export function placeEmptyDatabase(file: string): void {
  if (existsSync(file) || !existsSync(EMPTY)) return;
  const beside = `${file}.new`;
  copyFileSync(EMPTY, beside);
  const copy = openSync(beside, "r+");
  try {
    fsyncSync(copy);
  } finally {
    closeSync(copy);
  }
  // Whole or not at all, also after a power cut.
  renameSync(beside, file);
}
