/** An execution as a handler process is told of it, and what that process asks for meanwhile. */
import { normaliseError } from "../outcome.ts";
import type { OperationContext } from "../../resource-types/sdk.ts";
import type { FromProcess, HandlerCall, ToProcess } from "./messages.ts";

export function callOf({ file, type }: { file: string; type: string }, context: OperationContext): HandlerCall {
  const { entry, attempt, operation, parameters, resource, deadline, tempDir, state } = context;
  return { file, type, entry, attempt, operation, parameters, resource, deadline, tempDir, state };
}

/** Never rejects: what fails is the handler's to hear. */
export async function answerAsk(
  { run, ask, what }: FromProcess & { type: "ask" },
  context: OperationContext,
): Promise<ToProcess> {
  try {
    if (what.kind === "exec") return { type: "answer", run, ask, value: await context.exec(what.argv, what.options) };
    if (what.kind === "content") return { type: "answer", run, ask, value: await context.content(what.content) };
    await context.output(what.data, what.stream);
    return { type: "answer", run, ask };
  } catch (error) {
    return { type: "answer", run, ask, error: normaliseError(error) };
  }
}
