/** Submits inside of a span, whose context the entries keep: what the worker does with them is a child of it. */
import { messageOf } from "../core/errors.ts";
import type { Tracing } from "../core/tracing.ts";
import type { SubmitAnswer } from "../protocol/messages.ts";
import type { SubmitItem } from "./prepare.ts";

type Submit = (item: SubmitItem) => Promise<SubmitAnswer>;

export function traceSubmit(submit: Submit, tracing: Tracing | null): Submit {
  if (tracing === null) return submit;
  return async (item) => {
    const span = tracing.begin("submit", item.trace ?? null, {
      "wilco.entries": item.request.entries.length,
      "wilco.requested_by": item.principal.name,
    });
    try {
      const answer = await submit({ ...item, trace: span.traceparent });
      const first = answer.entries.find((outcome) => "entry" in outcome);
      span.end(first ? { attributes: { "wilco.entry": first.entry.id } } : { error: "nothing was filed" });
      return answer;
    } catch (error) {
      span.end({ error: messageOf(error) });
      throw error;
    }
  };
}
