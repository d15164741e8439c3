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

/** A priority by name or as a whole number from 0 to 200. @throws WilcoError `invalid_request`. */
export function parsePriority(input: unknown): number {
  if (typeof input === "string" && Object.hasOwn(PRIORITIES, input)) return PRIORITIES[input as PriorityName];
  const number = typeof input === "string" && /^\d+$/.test(input) ? Number(input) : input;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 200) return number;
  const near = typeof input === "string" ? suggestion(input, Object.keys(PRIORITIES), "priorities") : undefined;
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(input)} is not a priority`,
    hint: near ?? "Priorities are max, high, medium, normal, low, min, or a whole number from 0 (first) to 200.",
  });
}
