import { parseDuration } from "../core/durations.ts";

/** On unless switched off: a call that nobody will ever take must not keep a CI job waiting for its whole time limit. */
const DEFAULT = "30s";

/** @param flag a duration; true = the default; false with `--no-require-worker`. */
export function requireWorkerOf(flag: string | boolean): { requireWorker?: number } {
  if (flag === false) return {};
  return { requireWorker: parseDuration(flag === true ? DEFAULT : flag, "--require-worker") };
}
