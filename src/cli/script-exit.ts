/** The exit code of a script by how it ended, the same where it ran here and where it ran on the server. */
import type { RunOutcome } from "../sandbox/outcome.ts";
import { EXIT, exitCodeOfScriptError } from "./exit-codes.ts";

export interface ScriptExitOptions {
  /** How many entries it filed. */
  filed: number;
  /** Of the signal that interrupted it. */
  interrupted: number;
}

export function exitCodeOfScript(outcome: RunOutcome, { filed, interrupted }: ScriptExitOptions): number {
  switch (outcome.kind) {
    case "completed": {
      const codes = new Set(
        outcome.unobservedFailures.map((failure) => exitCodeOfScriptError(failure.code, failure.details)),
      );
      return codes.size === 0 ? EXIT.succeeded : codes.size === 1 ? [...codes][0]! : EXIT.failed;
    }
    case "exit":
      return outcome.exitCode ?? EXIT.succeeded;
    case "threw":
      // The script's own arguments were wrong, and nothing was submitted: the same as wilco's own.
      if (outcome.error?.code === "invalid_request" && filed === 0) return EXIT.wrongUse;
      if (outcome.error?.code === "internal") return EXIT.internal;
      return exitCodeOfScriptError(outcome.error?.code ?? "script_failed", outcome.error?.details);
    case "invalid":
      return EXIT.wrongUse;
    case "interrupted":
      return interrupted;
    case "limit":
      return EXIT.failed;
  }
}
