/** `--idempotency-key KEY|auto` and `--again`, for `exec` and `run`. */
import { createSubmitOnce, type SubmitOnce } from "../../client/submit-once.ts";
import { WilcoError } from "../../core/errors.ts";
import { sha256 } from "../../core/ids.ts";
import type { Entry } from "../../domain/entry.ts";
import { isTerminal } from "../../domain/status.ts";
import type { Context } from "../context.ts";
import { describeWork } from "../output/entry-text.ts";
import { ciStepOf } from "./ci-step.ts";
import { claimInProcess, claimInStep, type Claim } from "./occurrences.ts";

export interface IdempotencyFlags {
  idempotencyKey?: string;
  again?: boolean;
}

const MAX_KEY = 200;

/** undefined without a key. @throws WilcoError `invalid_request`: a key that can't be one, a CI step that can't be told. */
export async function submitOnceOf(context: Context, flags: IdempotencyFlags): Promise<SubmitOnce | undefined> {
  const given = flags.idempotencyKey;
  if (given === undefined) {
    if (flags.again !== true) return undefined;
    throw new WilcoError({
      code: "invalid_request",
      message: "--again is for --idempotency-key",
      hint: "Without a key everything is done again anyway.",
    });
  }
  const { key, claim } = given === "auto" ? await keyOfStep(context) : { key: checked(given), claim: claimInProcess() };
  const { output } = context;
  return createSubmitOnce({
    key,
    claim,
    again: flags.again === true,
    onAnswered: (entry) => output.notice(`${describeWork(entry)}: ${answeredBy(entry)}`),
    onRepeated: (entry) =>
      output.notice(`${describeWork(entry)}: entry ${entry.id} ${said(entry)}, so it is done again.`),
  });
}

async function keyOfStep(context: Context): Promise<{ key: string; claim: Claim }> {
  const { name } = await import("ci-info");
  const { system, step, attempt } = ciStepOf(context.env, name);
  context.output.detail(`Idempotency key of ${system}: ${step.replaceAll("\n", " / ")}`);
  return { key: `ci-${sha256(step).slice(0, 32)}`, claim: claimInStep(attempt) };
}

function checked(key: string): string {
  if (key.length > 0 && key.length <= MAX_KEY && !/[\u0000-\u001f\u007f]/.test(key) && key.isWellFormed()) return key;
  throw new WilcoError({
    code: "invalid_request",
    message: `--idempotency-key has to have 1 to ${MAX_KEY} characters, and no line breaks`,
    hint: "Make it of what names the change: deploy-$COMMIT.",
  });
}

function answeredBy(entry: Entry): string {
  if (!isTerminal(entry.status)) return `entry ${entry.id} of an earlier run goes on; waiting for it.`;
  if (entry.status === "lost")
    return `entry ${entry.id} of an earlier run was lost: it may have run. Check, then add --again to do it again.`;
  return `entry ${entry.id} of an earlier run ${said(entry)}; nothing is done again.`;
}

function said({ status }: Entry): string {
  return status === "timed_out"
    ? "timed out"
    : status === "failed" || status === "succeeded"
      ? status
      : `was ${status}`;
}
