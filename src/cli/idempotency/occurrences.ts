/**
 * Which calls one run of a CI step has made. Processes of a step know nothing of each other, so each call leaves an
 * empty file: the first process to make it has it. A run that is repeated looks into another directory, and begins anew.
 */
import { closeSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { sha256 } from "../../core/ids.ts";
import { makeDirectory } from "../../core/make-directory.ts";

export type Claim = (call: string, occurrence: number) => boolean;

/** Of this process alone: for a key that somebody wrote, a call of another process is the same call. */
export function claimInProcess(): Claim {
  const taken = new Set<string>();
  return (call, occurrence) => {
    const name = `${call}-${occurrence}`;
    if (taken.has(name)) return false;
    taken.add(name);
    return true;
  };
}

/** @param attempt of `ciStepOf`. @param directory default: the temporary directory. */
export function claimInStep(attempt: string, directory: string = tmpdir()): Claim {
  const place = join(directory, `wilco-step-${sha256(attempt).slice(0, 24)}`);
  return (call, occurrence) => {
    const file = join(place, `${call}-${occurrence}`);
    try {
      makeDirectory(place, 0o700);
    } catch (error) {
      throw uncountable(place, error);
    }
    try {
      closeSync(openSync(file, "wx", 0o600));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw uncountable(place, error);
    }
  };
}

function uncountable(place: string, error: unknown): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `The calls of this step can't be counted in ${place}: ${whyUnwritable(error)}`,
    hint: "Make the temporary directory (TMPDIR) writable, or write a key of your own: --idempotency-key KEY.",
    cause: error,
  });
}
