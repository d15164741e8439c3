/** Runs a handler against its deadline, and does not wait for ever for one that ignores its abort. */
import type { Handler, OperationContext } from "../resource-types/sdk.ts";
import type { Control } from "./control.ts";

export type Performed =
  | { kind: "returned"; value: unknown }
  | { kind: "threw"; error: unknown }
  /** It was aborted and has not returned since. */
  | { kind: "abandoned" }
  /** It was aborted before it began. */
  | { kind: "skipped" };

export interface PerformOptions {
  control: Control;
  /** ms until the deadline. */
  remaining: number;
  /** ms that a command may take to end after the polite signal. */
  killGrace: number;
}

/** After SIGKILL the pipes are read to their end and the error is made; that much more a handler gets to return. */
const AFTER_KILL = 3_000;
const LONGEST_TIMER = 2 ** 31 - 1;

export async function perform(
  handler: Handler,
  context: OperationContext,
  options: PerformOptions,
): Promise<Performed> {
  const { control, remaining, killGrace } = options;
  if (remaining <= 0) control.abort("deadline");
  if (control.signal.aborted) return { kind: "skipped" };
  let abandon: NodeJS.Timeout | undefined;
  let stopListening = () => {};
  const abandoned = new Promise<Performed>((resolve) => {
    const onAbort = () => {
      abandon = setTimeout(() => resolve({ kind: "abandoned" }), killGrace + AFTER_KILL);
    };
    control.signal.addEventListener("abort", onAbort, { once: true });
    stopListening = () => control.signal.removeEventListener("abort", onAbort);
  });
  const disarm = armDeadline(() => control.abort("deadline"), remaining);
  try {
    return await Promise.race([run(handler, context), abandoned]);
  } finally {
    disarm();
    clearTimeout(abandon);
    stopListening();
  }
}

async function run(handler: Handler, context: OperationContext): Promise<Performed> {
  try {
    return { kind: "returned", value: await handler(context) };
  } catch (error) {
    return { kind: "threw", error };
  }
}

/** A timer holds 24 days at most; timeouts may be longer. */
function armDeadline(expire: () => void, remaining: number): () => void {
  let timer: NodeJS.Timeout;
  const arm = (left: number) => {
    const step = Math.min(left, LONGEST_TIMER);
    timer = setTimeout(() => (left > step ? arm(left - step) : expire()), step);
  };
  arm(remaining);
  return () => clearTimeout(timer);
}
