/** What `availabilityHistory()` and `metricsHistory()` take. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";

/** The most that the server takes. */
const NUMBERS: ReadonlyMap<string, number> = new Map([
  ["limit", 1_000],
  ["points", 10_000],
]);
const TIME_LENGTH = 64;
const NAME_LENGTH = 128;

/** @throws WilcoError `invalid_request`; what the texts mean is the server's to say. */
export function parseObservationQuery(input: unknown, known: readonly string[]): Record<string, string | number> {
  if (input === undefined) return {};
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw invalid("The query is not an object", 'Write { since: "1h" }.');
  }
  const query: Record<string, string | number> = {};
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (!known.includes(key)) throw invalid(`The query has no "${key}"`, suggestion(key, known, "It takes"));
    const most = NUMBERS.get(key);
    if (most === undefined) {
      if (typeof value !== "string")
        throw invalid(`${key} is ${JSON.stringify(value)}`, `Write a text: ${textFor(key)}.`);
      const length = key === "name" ? NAME_LENGTH : TIME_LENGTH;
      if (value.length > length) throw invalid(`${key} has more than ${length} characters`, `Write ${textFor(key)}.`);
    } else if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most)
      throw invalid(`${key} is ${JSON.stringify(value)}`, `Write a whole number from 1 to ${most}.`);
    query[key] = value as string | number;
  }
  return query;
}

function textFor(key: string): string {
  return key === "name" ? '{ name: "cpu" }' : `{ ${key}: "1h" }`;
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
