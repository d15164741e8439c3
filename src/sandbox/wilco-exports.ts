/** What "wilco" exports, and a session has as globals (with the console, which is global in both). */
export const WILCO_EXPORTS: readonly string[] = (
  "resource resources group history args env file readFile fetch sleep log table assert exit secret chart AccessFailed AssertionFailed ContentFile ExecutionError Interrupted " +
  "OperationCanceled OperationFailed OperationLost OperationTimedOut PollLimitReached TargetsFailed WilcoError"
).split(" ");
