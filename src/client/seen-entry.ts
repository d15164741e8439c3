/** What was seen of an entry. Where it crossed the sandbox's bridge, the whole of it stays a text until somebody asks. */
import type { Json } from "../core/json.ts";
import type { Entry } from "../domain/entry.ts";
import type { Status } from "../domain/status.ts";

// Kept from the start: a script that replaces JSON.parse changes its own view, not this one.
const { parse, stringify } = JSON;

/** What crosses beside the text of an entry: id, status, lastEvent, and its result unless that is long. */
type Head = [id: number, status: Status, lastEvent: number, result?: Json | null];
/** As it crosses: the head of an entry that crosses as a text, or the whole of a long one. */
export type PackedEntry = Head | Entry;

/** Characters of a result that crosses twice, so that the text need not be read for it. */
const SHORT_RESULT = 1_000;
/** Characters of an entry that is kept as a text: of a long one the text and what is read from it would be kept. */
const MOST_TEXT = 65_536;

export class SeenEntry {
  readonly id: number;
  readonly status: Status;
  readonly lastEvent: number;
  readonly #result: Json | null | undefined;
  #whole: Entry | string;

  private constructor([id, status, lastEvent, result]: Head, whole: Entry | string) {
    this.id = id;
    this.status = status;
    this.lastEvent = lastEvent;
    this.#result = result;
    this.#whole = whole;
  }

  static of(entry: Entry): SeenEntry {
    return new SeenEntry([entry.id, entry.status, entry.lastEvent, entry.result], entry);
  }

  /** @param text what `packEntry` gave beside it. */
  static unpack(packed: PackedEntry, text: string): SeenEntry {
    return "id" in packed ? SeenEntry.of(packed) : new SeenEntry(packed, text);
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

/**
 * @param text the entry as JSON.
 * @returns the PackedEntry as JSON, and the text that crosses beside it: few scripts look at more than the head.
 */
export function packEntry({ id, status, lastEvent, result }: Entry, text: string): [packed: string, text: string] {
  if (text.length > MOST_TEXT) return [text, ""];
  const short = stringify(result) ?? "null";
  const head = `${id},"${status}",${lastEvent}`;
  return [short.length > SHORT_RESULT ? `[${head}]` : `[${head},${short}]`, text];
}
