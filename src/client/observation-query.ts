/** What `availabilityHistory()` and `metricsHistory()` take. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";

const NUMBERS = new Set(["limit", "points"]);

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
    const fits = NUMBERS.has(key) ? Number.isInteger(value) && (value as number) >= 1 : typeof value === "string";
    if (!fits) {
      const hint = NUMBERS.has(key) ? "Write a whole number from 1." : `Write a text: { ${key}: "1h" }.`;
      throw invalid(`${key} is ${JSON.stringify(value)}`, hint);
    }
    query[key] = value as string | number;
  }
  return query;
}

function invalid(message: string, hint: string | undefined): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
