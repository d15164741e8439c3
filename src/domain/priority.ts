/** Priorities: the lower number runs first, then the older entry. Names and numbers are ManageIQ's. */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";

export const PRIORITIES = { max: 0, high: 20, medium: 50, normal: 100, low: 150, min: 200 } as const;
export type PriorityName = keyof typeof PRIORITIES;
/** By number. */
export const PRIORITY_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PRIORITIES).map(([name, number]) => [number, name]),
);
export const DEFAULT_PRIORITY = PRIORITIES.normal;

/** The highest number, which runs last. */
const LAST = 200;

/** The priorities that a worker takes, both ends included. */
export interface PriorityBand {
  min: number;
  max: number;
}

export const WHOLE_BAND: Readonly<PriorityBand> = Object.freeze({ min: 0, max: LAST });

export function isInBand({ min, max }: PriorityBand, priority: number): boolean {
  return priority >= min && priority <= max;
}

export function isWholeBand({ min, max }: PriorityBand): boolean {
  return min === WHOLE_BAND.min && max === WHOLE_BAND.max;
}

/**
 * "MIN-MAX" of names or numbers ("max-normal", "0-50"), the urgent end first, or one priority alone.
 * @throws WilcoError `invalid_request`.
 */
export function parsePriorityBand(text: string): PriorityBand {
  const [first = "", last = first, ...more] = text.split("-");
  if (more.length > 0) throw notABand(text, "is not a band of priorities");
  const band = { min: parsePriority(first), max: parsePriority(last) };
  if (band.min > band.max) throw notABand(text, "has its ends the wrong way round");
  return band;
}

function notABand(text: string, what: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(text)} ${what}`,
    hint: 'Write the urgent end first: "max-high", "0-50".',
  });
}

/** "high-normal": names where the ends have them, else numbers. */
export function formatPriorityBand({ min, max }: PriorityBand): string {
  return min === max ? nameOf(min) : `${nameOf(min)}-${nameOf(max)}`;
}

function nameOf(priority: number): string {
  return PRIORITY_NAMES.get(priority) ?? String(priority);
}

/** A priority by name or as a whole number from 0 to 200. @throws WilcoError `invalid_request`. */
export function parsePriority(input: unknown): number {
  if (typeof input === "string" && Object.hasOwn(PRIORITIES, input)) return PRIORITIES[input as PriorityName];
  const number = typeof input === "string" && /^\d+$/.test(input) ? Number(input) : input;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= LAST) return number;
  const near = typeof input === "string" ? suggestion(input, Object.keys(PRIORITIES), "priorities") : undefined;
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(input)} is not a priority`,
    hint: near ?? "Priorities are max, high, medium, normal, low, min, or a whole number from 0 (first) to 200.",
  });
}
