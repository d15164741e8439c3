/**
 * Calls of one tick travel in one request. One request is under way at a time, and what arrives meanwhile is the next
 * one: so calls are filed in the order they were made even when a request has to be repeated, and batches grow by
 * themselves under load.
 */
import { WilcoError } from "../core/errors.ts";
import { randomId } from "../core/ids.ts";
import type { RequestSubmission, Submission, SubmitOutcome } from "../protocol/messages.ts";
import type { Api } from "./api.ts";
import type { Call, RequestCall } from "./port.ts";
import type { Filed } from "./submit-once.ts";

/** Calls of one request. More gain nothing (the cost of a commit is spread well before) and delay its answer. */
const MAX_ITEMS = 1_000;
/** Characters of parameters of one request: far below the server's limit of 32 MB for a body. */
const MAX_CHARACTERS = 4_000_000;

export interface Submitter {
  /** Resolves when the entry is filed, or its key was known. Rejects with what refused it. */
  submit(call: Call | RequestCall): Promise<Filed>;
}

interface Pending {
  item: Submission | RequestSubmission;
  characters: number;
  resolve: (filed: Filed) => void;
  reject: (error: unknown) => void;
}

export function createSubmitter({ api }: { api: Pick<Api, "submit"> }): Submitter {
  let queue: Pending[] = [];
  let running = false;

  async function run(): Promise<void> {
    while (queue.length > 0) {
      let count = 0;
      let characters = 0;
      do characters += queue[count++]!.characters;
      while (count < queue.length && count < MAX_ITEMS && characters + queue[count]!.characters <= MAX_CHARACTERS);
      const batch = queue.slice(0, count);
      queue = queue.slice(count);
      await send(batch);
    }
    running = false;
  }

  async function send(batch: Pending[]): Promise<void> {
    let outcomes: SubmitOutcome[];
    try {
      // The key is the request's: every repetition carries the same one, so that a lost answer files nothing twice.
      const answer = await api.submit({ entries: batch.map(({ item }) => item) }, randomId());
      outcomes = answer.entries;
    } catch (error) {
      if (batch.length > 1 && refusedUnread(error)) return sendHalves(batch);
      for (const { reject } of batch) reject(error);
      return;
    }
    batch.forEach(({ resolve, reject }, at) => {
      const outcome = outcomes[at];
      if (outcome === undefined)
        reject(new WilcoError({ code: "internal", message: "The server's answer lacks this call" }));
      else if ("error" in outcome) reject(WilcoError.fromBody(outcome.error));
      else resolve(outcome);
    });
  }

  /** One item that no schema accepts has the whole request refused: the others must not pay for it. */
  async function sendHalves(batch: Pending[]): Promise<void> {
    const middle = batch.length >> 1;
    await send(batch.slice(0, middle));
    await send(batch.slice(middle));
  }

  return {
    submit: (call) =>
      new Promise<Filed>((resolve, reject) => {
        const item = submissionOf(call);
        queue.push({ item, characters: JSON.stringify(item.parameters).length, resolve, reject });
        if (running) return;
        running = true;
        // After this turn of the event loop, not after this microtask: calls that come over a message port, one message
        // each, are of one tick for the one who made them.
        setImmediate(() => void run());
      }),
  };
}

/** The server read nothing of it: nothing was filed. */
function refusedUnread(error: unknown): boolean {
  return error instanceof WilcoError && (error.code === "invalid_request" || error.code === "too_large");
}

function submissionOf(call: Call | RequestCall): Submission | RequestSubmission {
  const { idempotencyKey, ...rest } = call;
  const key = idempotencyKey === undefined ? {} : { key: idempotencyKey };
  if ("group" in rest) {
    const { group, members, ...asked } = rest;
    return { ...asked, ...key, targets: members === undefined ? { group } : { resources: members } };
  }
  const { resourceName: _name, type: _type, ...asked } = rest;
  return { ...asked, ...key };
}
