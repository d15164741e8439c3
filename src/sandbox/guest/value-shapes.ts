/** The shapes of the plain data that a resource or an entry is shown from. Pure: both ends of the bridge use them. */
import { ENTRY_KINDS } from "../../domain/entry.ts";
import { AVAILABILITIES } from "../../domain/resource.ts";
import { STATUSES } from "../../domain/status.ts";
import {
  either,
  fields,
  flag,
  list,
  nested,
  number,
  object,
  one,
  text,
  textsByName,
  whole,
  type Check,
} from "./checks.ts";

const LONG = 1024 * 1024;
const data = nested(100);
const nothing = one(null);
const id = whole(0, Number.MAX_SAFE_INTEGER);
const words = text(LONG);
const orNull = (check: Check): Check => either(nothing, check);

/** What a card of an audit entry reads; further fields are let pass. */
export const ENTRY = fields({
  id,
  kind: one(...ENTRY_KINDS),
  status: one(...STATUSES),
  resource: orNull(fields({ id, name: words, type: words })),
  operation: orNull(words),
  parameters: both(object, data),
  result: data,
  error: orNull(fields({ code: words, message: words, source: one("operation", "system") })),
  requestedBy: words,
  note: orNull(words),
  route: words,
  priority: whole(0, Number.MAX_SAFE_INTEGER),
  exclusive: flag,
  parent: orNull(id),
  retryOf: orNull(id),
  after: list(fields({ entry: id, on: one("success", "failure", "any") }), 100_000),
  worker: orNull(words),
  attempt: id,
  progress: orNull(fields({ done: anyNumber(), total: orNull(anyNumber()), text: orNull(words) })),
  timeout: anyNumber(),
  warning: orNull(words),
  createdAt: words,
  deliverAt: orNull(words),
  queuedAt: orNull(words),
  startedAt: orNull(words),
  finishedAt: orNull(words),
  workerSeenAt: orNull(words),
  lastEvent: id,
  tasks: orNull(textsByName(id, STATUSES.length)),
});

/** What a card of a resource reads. */
export const RESOURCE = fields({
  id,
  name: words,
  type: words,
  zone: words,
  worker: orNull(words),
  labels: textsByName(words, 10_000),
  parent: orNull(words),
  availability: one(...AVAILABILITIES),
});

function both(first: Check, second: Check): Check {
  return (value, place) => first(value, place) ?? second(value, place);
}

function anyNumber(): Check {
  return number(-Infinity, Infinity);
}
