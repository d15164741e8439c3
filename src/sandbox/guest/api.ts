/** The module "wilco" of a script. */
import { atCallSite } from "../../client/errors.ts";
import { captureCallSite } from "../../client/call-site.ts";
import { parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import { formatTable } from "./table.ts";
import { guest } from "./main.ts";
import { sleepFor } from "./port.ts";

export {
  ExecutionError,
  Interrupted,
  OperationCanceled,
  OperationFailed,
  OperationLost,
  OperationTimedOut,
  PollLimitReached,
  TargetsFailed,
} from "../../client/errors.ts";
export { chartOfNumbers as chart } from "../../client/chart.ts";
export { WilcoError } from "../../core/errors.ts";
export { ContentFile, file } from "../../client/content-file.ts";
export { AccessFailed } from "./access.ts";

const context = guest.context();

export const { resource, resources, group, history } = context.api;
export const { args, env, console, log } = context;
export const { readFile, fetch } = context.access;

/** Waits. @param duration with a unit: "500ms", "2s". @throws WilcoError `interrupted`, `invalid_request`. */
export function sleep(duration: string): Promise<void> {
  const site = captureCallSite(sleep);
  return sleepFor(context.channel, parseDuration(duration, "sleep")).catch((error: unknown) => {
    throw atCallSite(error, site);
  });
}

/** Prints rows as a table on stdout. @param columns which keys, in this order; default all. */
export function table(rows: unknown, columns?: string[]): void {
  context.console.log(formatTable(rows, columns));
}

/** The error of `assert`. */
export class AssertionFailed extends Error {
  override readonly name = "AssertionFailed";
}

/** @throws AssertionFailed unless `condition` is truthy. */
export function assert(condition: unknown, message: string | Error = "An assertion does not hold"): asserts condition {
  if (condition) return;
  throw message instanceof Error ? message : new AssertionFailed(message);
}

/**
 * Ends the script here: no `finally` block runs, nothing more is submitted.
 * @param code 0, or 10 to 99: the others have meanings of wilco's own. @throws WilcoError `invalid_request`.
 */
export function exit(code = 0): never {
  if (code !== 0 && !(Number.isInteger(code) && code >= 10 && code <= 99)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `exit(${String(code)}) is not possible`,
      hint: "Use 0 or a whole number from 10 to 99; to say that the script failed, throw an Error.",
    });
  }
  context.end({ kind: "exit", exitCode: code });
  // The host stops the engine at its next check; until then no line of the script may run.
  for (;;);
}

/**
 * The value of a stored secret (`wilco secrets set NAME`). It is masked in what the script prints, and in the
 * parameters, output, results and errors of what it submits from then on.
 * @throws WilcoError `unknown_secret`, `forbidden` (a viewer's token), `not_permitted` (a limited script).
 */
export function secret(name: string): string {
  if (typeof name === "string" && name !== "") return context.api.secret(name);
  throw new WilcoError({
    code: "invalid_request",
    message: "secret() needs the name of a stored secret",
    hint: 'Write secret("db-password").',
  });
}
