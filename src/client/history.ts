/** The audit trail for scripts: one function for every kind of entry. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { ENTRY_KINDS, type Entry, type EntryEvent } from "../domain/entry.ts";
import type { EntryTree } from "../domain/entry-tree.ts";
import { layerPollPolicies, parsePollPolicy, type PollPolicyInput } from "../domain/poll-policy.ts";
import { STATUSES } from "../domain/status.ts";
import { captureCallSite } from "./call-site.ts";
import { entryList, type EntryList } from "./entry-list.ts";
import { atCallSite, interrupted, pollLimitReached } from "./errors.ts";
import type { CancelOptions, Execution } from "./execution.ts";
import { followEvents, followOutput, type OutputOptions } from "./output.ts";
import type { ClientPort, HistoryQuery } from "./port.ts";

/** `await` reads the entry; its methods need no read first: `history.get(1042).cancel()`. */
export interface EntryHandle extends PromiseLike<Entry> {
  readonly id: number;
  cancel(options?: CancelOptions): Promise<Entry>;
  /** Files the same call anew. @returns the new entry. */
  retry(): Promise<Entry>;
  /** As `history.wait(id, poll)`. */
  wait(poll?: PollPolicyInput): Promise<Entry>;
  output(options?: OutputOptions): AsyncGenerator<string, void, undefined>;
  events(): AsyncGenerator<EntryEvent, void, undefined>;
}

export interface History {
  /**
   * What the entry belongs to in the end, with everything in it: the tasks of requests, the calls of scripts, and what
   * repeats an entry. The same from any of its members. Results and parameters above 4,096 characters are left out.
   * @throws WilcoError `unknown_entry`.
   */
  tree(id: number | Entry): Promise<EntryTree>;
  /** @throws WilcoError `unknown_entry` when it is awaited. */
  get(id: number): EntryHandle;
  /** Entries, newest first, at most `limit` (default 100). */
  find(query?: HistoryQuery): Promise<EntryList>;
  /**
   * The entry when it ended, whatever its kind and status.
   * @throws PollLimitReached, and nothing else for how the entry ended.
   */
  wait(target: number | Entry | Execution<unknown>, poll?: PollPolicyInput): Promise<Entry>;
}

const QUERY_KEYS = [
  "automatic",
  "status",
  "resource",
  "operation",
  "kind",
  "requestedBy",
  "parent",
  "since",
  "until",
  "order",
  "limit",
] as const satisfies ReadonlyArray<keyof HistoryQuery>;

export function createHistory(port: ClientPort): History {
  const history: History = {
    get(id) {
      const checked = requireId(id, "history.get");
      return {
        id: checked,
        // oxlint-disable-next-line unicorn/no-thenable -- awaiting it is reading the entry
        then: (onFulfilled, onRejected) => port.entry(checked).then(onFulfilled, onRejected),
        cancel: (options = {}) => port.cancel(checked, options),
        retry: () => port.retry(checked),
        wait: (poll) => history.wait(checked, poll),
        output: (options) => followOutput(port, checked, options),
        events: () => followEvents(port, checked),
      };
    },
    async tree(target) {
      return port.tree(requireId(entryIdOf(target), "history.tree"));
    },
    async find(query) {
      return entryList(await port.entries(parseHistoryQuery(query)));
    },
    async wait(target, poll) {
      const site = captureCallSite(history.wait);
      if (typeof target === "object" && target !== null && "outcome" in target) return target.outcome(poll);
      const id = requireId(entryIdOf(target), "history.wait");
      const policy = layerPollPolicies(parsePollPolicy(poll), port.pollDefaults);
      try {
        const result = await port.wait(id, policy);
        if (result.ended || policy.onLimit === "return") return result.entry;
        throw pollLimitReached(result.entry, result.looks, policy);
      } catch (error) {
        const stopped = error instanceof WilcoError && error.code === "interrupted" && error.name === "WilcoError";
        throw atCallSite(stopped ? interrupted(`entry ${id}`, undefined, error) : error, site);
      }
    },
  };
  return Object.freeze(history);
}

/** @throws WilcoError `invalid_request`: unknown key, status, kind, order; limit below 1. */
export function parseHistoryQuery(input: unknown): HistoryQuery {
  if (input === undefined) return {};
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("A history query is an object", 'Write { status: "failed", limit: 10 }.');
  }
  const query: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(input) as Array<[string, unknown]>) {
    if (value === undefined) continue;
    if (!(QUERY_KEYS as readonly string[]).includes(key)) {
      throw invalid(`A history query has no "${key}"`, suggestion(key, QUERY_KEYS, "It takes"));
    }
    if (key === "status") for (const status of [value].flat()) requireOneOf(status, STATUSES, "status");
    if (key === "kind") requireOneOf(value, ENTRY_KINDS, "kind");
    if (key === "automatic" && typeof value !== "boolean") {
      throw invalid(`automatic is ${JSON.stringify(value)}`, "Write true or false.");
    }
    if (key === "order") requireOneOf(value, ["newest", "oldest"], "order");
    if (key === "parent") requireId(value, "parent");
    if (key === "limit" && !(typeof value === "number" && Number.isInteger(value) && value >= 1)) {
      throw invalid(`limit is ${JSON.stringify(value)}`, "Write a whole number from 1.");
    }
    query[key] = value;
  }
  return query;
}

/** The id of an entry; anything else stays what it is, for the message. */
function entryIdOf(target: unknown): unknown {
  return typeof target === "object" && target !== null && "id" in target ? target.id : target;
}

function requireOneOf(value: unknown, known: readonly string[], what: string): void {
  if (typeof value === "string" && known.includes(value)) return;
  const hint = typeof value === "string" ? suggestion(value, known, "There are") : `One of ${known.join(", ")}.`;
  throw invalid(`${JSON.stringify(value)} is no ${what}`, hint);
}

function requireId(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(
    `${what} needs the id of an entry, not ${typeof value === "object" ? "an object without one" : JSON.stringify(value)}`,
    "Ids are whole numbers from 1, as the history shows them.",
  );
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
