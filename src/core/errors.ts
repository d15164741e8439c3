/**
 * Every error that wilco raises on purpose: a stable `code` (the part that crosses HTTP and the
 * sandbox), one sentence on what is wrong (`message`), one on what to do (`hint`).
 */

/** Error codes and the HTTP status each one travels under. */
export const ERROR_STATUS = {
  // wrong use: nothing was done
  invalid_request: 400,
  invalid_parameters: 400,
  invalid_policy: 400,
  invalid_selector: 400,
  invalid_inventory: 400,
  idempotency_mismatch: 409,
  too_large: 413,
  content_mismatch: 400,
  unknown_resource: 404,
  unknown_operation: 404,
  unknown_type: 404,
  unknown_group: 404,
  unknown_entry: 404,
  unknown_worker: 404,
  unknown_token: 404,
  unknown_secret: 404,
  unknown_content: 404,
  unknown_route: 404,
  ambiguous_binding: 409,
  resource_disabled: 409,
  // who may
  unauthenticated: 401,
  forbidden: 403,
  // the state does not allow it
  conflict: 409,
  content_in_use: 409,
  precondition_failed: 412,
  already_ended: 409,
  lease_lost: 409,
  chunks_missing: 409,
  session_ended: 410,
  worker_name_taken: 409,
  version_mismatch: 409,
  no_worker: 409,
  expired: 409,
  // the machinery
  unavailable: 503,
  unreachable: 503,
  internal: 500,
  storage_full: 507,
  data_directory_in_use: 500,
  data_directory_unusable: 500,
  database_newer: 500,
  database_unusable: 500,
  // how an execution ended, as thrown by an awaited Execution
  operation_failed: 500,
  operation_canceled: 500,
  operation_timed_out: 500,
  operation_lost: 500,
  targets_failed: 500,
  poll_limit_reached: 500,
  interrupted: 500,
  // scripts
  script_invalid: 400,
  script_failed: 500,
  script_limit: 500,
  import_refused: 400,
  not_permitted: 403,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** What crosses a boundary: plain data, no stack, no class. */
export interface ErrorBody {
  code: ErrorCode;
  message: string;
  hint?: string | undefined;
  details?: unknown;
}

export interface WilcoErrorInit {
  code: ErrorCode;
  /** One sentence: what is wrong. */
  message: string;
  /** One sentence: what to do about it. */
  hint?: string | undefined;
  /** Machine-readable particulars (JSON). */
  details?: unknown;
  cause?: unknown;
}

export class WilcoError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: unknown;

  constructor(init: WilcoErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "WilcoError";
    this.code = init.code;
    this.hint = init.hint;
    this.details = init.details;
  }

  /** The HTTP status this error travels under. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }

  toBody(): ErrorBody {
    const body: ErrorBody = { code: this.code, message: this.message };
    if (this.hint !== undefined) body.hint = this.hint;
    if (this.details !== undefined) body.details = this.details;
    return body;
  }

  static fromBody(body: ErrorBody, cause?: unknown): WilcoError {
    return new WilcoError({ ...body, cause });
  }
}

/** `details` of an error whose call has certainly changed nothing: whoever made it may repeat it, whatever it was. */
export const NOT_CARRIED_OUT = Object.freeze({ carriedOut: false });

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_STATUS, value);
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
