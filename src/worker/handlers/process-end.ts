/** How a handler's process ended, and what that says about the execution it was busy with. */
import type { ChildProcess } from "node:child_process";
import { OperationError } from "../../resource-types/operation-error.ts";

export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
}

/** @param lastLines of what it printed on stderr: Node says there what it died of. */
export function endedEarly({ code, signal }: ProcessEnd, lastLines: string[]): OperationError {
  const details = { exitCode: code, signal, lastLines };
  if (lastLines.some((line) => line.includes("heap out of memory"))) {
    return new OperationError({
      code: "handler_out_of_memory",
      message: "Its handler used up the memory of its process, which was ended.",
      hint: "It may leak; one that needs more gets it with NODE_OPTIONS=--max-old-space-size=MB at the worker.",
      details,
    });
  }
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  return new OperationError({
    code: "handler_exited",
    message: `The handler's process ${how} before the handler returned.`,
    hint:
      signal === null
        ? "A handler returns or throws; it does not call process.exit."
        : "Look at the entry's output for what it said last.",
    details,
  });
}

/** The handler was aborted, went on, and lost its process. */
export class HandlerKilled extends OperationError {
  constructor() {
    super({ code: "handler_killed", message: "The handler ignored its abort, and its process was killed." });
  }
}
