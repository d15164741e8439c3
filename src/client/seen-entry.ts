/** What was seen of an entry. Where it crossed the sandbox's bridge, the whole of it stays a text until somebody asks. */
import type { Json } from "../core/json.ts";
import type { Entry } from "../domain/entry.ts";
import type { Status } from "../domain/status.ts";

// Kept from the start: a script that replaces JSON.parse changes its own view, not this one.
const { parse, stringify } = JSON;

/** What crosses beside the text of an entry: id, status, lastEvent, and its result as JSON unless that is long. */
export type PackedEntry = [id: number, status: Status, lastEvent: number, result?: Json | null];

/** Characters of a result that crosses twice, so that the text need not be read for it. */
const SHORT_RESULT = 1_000;

export class SeenEntry {
  readonly id: number;
  readonly status: Status;
  readonly lastEvent: number;
  readonly #result: Json | null | undefined;
  #whole: Entry | string;

  constructor([id, status, lastEvent, result]: PackedEntry, whole: Entry | string) {
    this.id = id;
    this.status = status;
    this.lastEvent = lastEvent;
    this.#result = result;
    this.#whole = whole;
  }

  static of(entry: Entry): SeenEntry {
    return new SeenEntry([entry.id, entry.status, entry.lastEvent, entry.result], entry);
  }

  /** The same object each time. */
  get entry(): Entry {
    if (typeof this.#whole === "string") this.#whole = parse(this.#whole) as Entry;
    return this.#whole;
  }

  get result(): Json | null {
    return this.#result === undefined ? this.entry.result : this.#result;
  }
}

/** @returns what crosses, as JSON, and the whole entry as a text: few scripts look at more than its result. */
export function packEntry({ id, status, lastEvent, result }: Entry): string {
  const short = stringify(result) ?? "null";
  const head = `${id},"${status}",${lastEvent}`;
  return short.length > SHORT_RESULT ? `[${head}]` : `[${head},${short}]`;
}
