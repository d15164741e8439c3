/** Why an execution is ended before its handler is done. The first reason stands. */
import { setMaxListeners } from "node:events";

export type AbortWhy =
  /** Somebody asked for it. */
  | "cancel"
  /** Its time is up. */
  | "deadline"
  /** The lease is not ours any more: stop, and say nothing. */
  | "lost"
  /** The worker stops now. */
  | "stop";

export class ExecutionAborted extends Error {
  readonly why: AbortWhy;
  constructor(why: AbortWhy, message: string) {
    super(message);
    this.name = "ExecutionAborted";
    this.why = why;
  }
}

const MESSAGES: Record<AbortWhy, string> = {
  cancel: "The execution was canceled.",
  deadline: "The operation's time is up.",
  lost: "The execution is not this worker's any more.",
  stop: "The worker stops.",
};

export interface Control {
  /** What the handler sees; its reason is an ExecutionAborted. */
  readonly signal: AbortSignal;
  readonly why: AbortWhy | null;
  /** "lost" overrides an earlier reason, because nothing may be reported then; otherwise the first one stands. */
  abort(why: AbortWhy): void;
}

export function createControl(): Control {
  const controller = new AbortController();
  // Each command of an execution listens; the default warns above ten.
  setMaxListeners(0, controller.signal);
  let why: AbortWhy | null = null;
  return {
    signal: controller.signal,
    get why() {
      return why;
    },
    abort(reason) {
      if (why === null || reason === "lost") why = reason;
      if (!controller.signal.aborted) controller.abort(new ExecutionAborted(reason, MESSAGES[reason]));
    },
  };
}
