/**
 * One call under an idempotency key, made again by a step that is run again: what succeeded is answered, what runs is
 * waited for, what failed, was canceled or timed out is filed anew, and what was lost is repeated only when asked for.
 */
import { sha256 } from "../core/ids.ts";
import { canonicalJson, copyOfJson, isJsonObject, type JsonObject, type JsonSchema } from "../core/json.ts";
import type { Entry } from "../domain/entry.ts";
import { secretPaths, valueAt } from "../domain/secret-paths.ts";
import type { Status } from "../domain/status.ts";

/** What makes two calls the same, whatever process they come from. */
export interface CallIdentity {
  /** Resource id, or what names several. */
  target: string | number;
  operation: string;
  /** Without what is secret. */
  parameters: unknown;
  /** What it runs after. */
  after?: unknown;
}

export interface Filed {
  entry: Entry;
  /** The key was used before: the entry is the one that was filed then. */
  replayed: boolean;
}

export interface SubmitOnceOptions {
  /** Of the step: what the submits of one run share, and no other run has. */
  key: string;
  /** Repeat what was lost, too. */
  again: boolean;
  /**
   * Takes the n-th (from 0) occurrence of a call; false when this run of the step has made it before. That tells two
   * identical calls of one run from one call of a run that is repeated.
   */
  claim: (call: string, occurrence: number) => boolean;
  /** An entry of an earlier run answers the call. */
  onAnswered?: (entry: Entry) => void;
  /** An entry of an earlier run did not succeed; the call is filed anew. */
  onRepeated?: (entry: Entry) => void;
}

/** @param file submits it under this key; `earlier` is the entry that it repeats. */
export type SubmitOnce = (
  identity: CallIdentity,
  file: (key: string, earlier: Entry | undefined) => Promise<Filed>,
) => Promise<Entry>;

const REPEATED: ReadonlySet<Status> = new Set<Status>(["failed", "timed_out", "canceled"]);

export function createSubmitOnce(options: SubmitOnceOptions): SubmitOnce {
  const { key, again, claim, onAnswered = () => {}, onRepeated = () => {} } = options;
  return async (identity, file) => {
    const call = sha256(canonicalJson(identity)).slice(0, 32);
    let earlier: Entry | undefined;
    // A repetition takes the next occurrence, so that a third run finds the second one's entry behind the first one's.
    for (let occurrence = 0; ; occurrence++) {
      if (!claim(call, occurrence)) continue;
      const { entry, replayed } = await file(`${key}/${call}/${occurrence}`, earlier);
      if (!replayed) {
        if (earlier) onRepeated(earlier);
        return entry;
      }
      if (!REPEATED.has(entry.status) && !(again && entry.status === "lost")) {
        onAnswered(entry);
        return entry;
      }
      earlier = entry;
    }
  };
}

/** The same for a script's `rollback()` and the command: who runs the step again with the other one does nothing twice. */
export function identityOfRollback(resource: number, to: number | undefined, after?: unknown): CallIdentity {
  return { target: resource, operation: "rollback", parameters: { to }, after };
}

/** What is secret by its schema is no part of a key: keys are hashes, and of a short secret a hash gives it away. */
export function withoutSecrets(schema: JsonSchema, parameters: Record<string, unknown>): JsonObject {
  const kept = copyOfJson(parameters as JsonObject);
  for (const path of secretPaths(schema, kept)) {
    const holder = valueAt(kept, path.slice(0, -1));
    const last = path.at(-1)!;
    if (Array.isArray(holder)) holder[Number(last)] = null;
    else if (isJsonObject(holder)) delete holder[last];
  }
  return kept;
}
