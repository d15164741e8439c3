/** What a handler throws to say why the work failed. Anything else it throws is reported as "handler_threw". */
import type { Json } from "../core/json.ts";

export interface OperationErrorInit {
  /** Stable and short, e.g. "exit_code", "not_ready". At most 64 characters. */
  code: string;
  /** One sentence: what is wrong. */
  message: string;
  /** One sentence: what to do about it. */
  hint?: string | undefined;
  /** Machine-readable particulars. */
  details?: Json | undefined;
  /** Whose fault: the work's (default), or wilco's. */
  source?: "operation" | "system" | undefined;
  cause?: unknown;
}

/** The same in every copy of this module. */
const BRAND = Symbol.for("wilco.OperationError");

export class OperationError extends Error {
  /**
   * `instanceof` holds across copies of this class: the command line is bundled, and the "wilco" that a type written in
   * TypeScript imports is not, so what a handler throws and what it catches would be of two classes.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== OperationError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === "object" && value !== null && BRAND in value;
  }

  readonly [BRAND] = true;
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: Json | undefined;
  readonly source: "operation" | "system";

  constructor(init: OperationErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "OperationError";
    this.code = init.code;
    this.hint = init.hint;
    this.details = init.details;
    this.source = init.source ?? "operation";
  }
}
