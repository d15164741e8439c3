/** A directory with all that is missing above it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * As `mkdirSync` with `recursive`, which never returns where a parent exists and nothing can be made in it, as in /proc
 * (Node 20 to 24). What is there already keeps its mode.
 * @throws the system's error: ENOENT, EACCES, ENOTDIR, EEXIST (a file is in the way) …
 */
export function makeDirectory(path: string, mode: number): void {
  if (isDirectory(path)) return;
  if (dirname(path) !== path) makeDirectory(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else was quicker.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST" || !isDirectory(path)) throw error;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
