/** Files what `exec` was asked for: once under a random key, or under an idempotency key that earlier runs may have used. */
import type { Api } from "../../client/api.ts";
import type { Filed, SubmitOnce } from "../../client/submit-once.ts";
import { withoutSecrets } from "../../client/submit-once.ts";
import { WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import type { Entry } from "../../domain/entry.ts";
import type { RequestResult } from "../../domain/request.ts";
import type { RequestSubmission, Submission } from "../../protocol/messages.ts";
import type { TargetCall } from "../request-flags.ts";
import type { OperationTarget } from "../targets.ts";

export interface SubmitExecOptions {
  api: Pick<Api, "submit">;
  submission: Submission | RequestSubmission;
  /** As typed. */
  selector: string;
  calls: readonly TargetCall[];
  targets: readonly OperationTarget[];
  /** undefined = no idempotency key. */
  submitOnce: SubmitOnce | undefined;
}

/** @throws WilcoError whatever refuses it; `idempotency_mismatch` when the key was used for something else. */
export async function submitExec(options: SubmitExecOptions): Promise<Entry> {
  const { api, submission, submitOnce } = options;
  // The key is random without one, so that a repeated request after a lost answer files nothing twice.
  if (!submitOnce) return (await file(api, submission, undefined)).entry;
  return submitOnce(identityOf(options), (key, earlier) => file(api, remaining(submission, earlier), key));
}

async function file(
  api: Pick<Api, "submit">,
  submission: Submission | RequestSubmission,
  key: string | undefined,
): Promise<Filed> {
  const entries = [key === undefined ? submission : { ...submission, key }];
  const [outcome] = (await api.submit({ entries }, randomId())).entries;
  if (!outcome) throw new WilcoError({ code: "internal", message: "The server's answer lacks this call" });
  if ("error" in outcome) throw WilcoError.fromBody(outcome.error);
  return outcome;
}

/** One resource is known by its id, so that a loop over names and a selector that finds the same one are one call. */
function identityOf({ submission, selector, calls, targets }: SubmitExecOptions) {
  const shown = calls.map(({ parameters }, index) => withoutSecrets(targets[index]!.operation.parameters, parameters));
  const { operation, after } = submission;
  if ("resource" in submission) return { target: submission.resource, operation, parameters: shown[0], after };
  const byType = new Map(calls.map(({ type }, index) => [type, shown[index]]));
  return { target: selector, operation, parameters: Object.fromEntries(byType), after };
}

/** Of a request that did not succeed, the targets that did not; of its share of successes, what is missing. */
function remaining(
  submission: Submission | RequestSubmission,
  earlier: Entry | undefined,
): Submission | RequestSubmission {
  if (!("targets" in submission) || earlier?.kind !== "request" || earlier.result === null) return submission;
  const { tasks, counts, minSuccess } = earlier.result as unknown as RequestResult;
  const names = tasks.flatMap((task) => (task.status === "succeeded" || task.resource === null ? [] : [task.resource]));
  return {
    ...submission,
    targets: { resources: names },
    ...(submission.minSuccess === undefined ? {} : { minSuccess: Math.max(1, minSuccess - counts.succeeded) }),
  };
}
