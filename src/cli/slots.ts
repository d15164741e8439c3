/** `--slots`: how many entries a worker runs at once, and how many processes for handlers it keeps. */
import { availableParallelism } from "node:os";
import { WilcoError } from "../core/errors.ts";
import { WHOLE_WORKER } from "../domain/resource-type.ts";
import { parseCount } from "./numbers.ts";

export interface Slots {
  /** Processes for handlers that are kept even when nothing runs. */
  min: number;
  /** Entries at once. */
  max: number;
}

/** "16", "4-16", or "auto" for as many as there are processors. @throws WilcoError `invalid_request`. */
export function parseSlots(text: string): Slots {
  if (text === "auto") return { min: 0, max: availableParallelism() };
  const [least, most, ...rest] = text.split("-");
  if (most === undefined) return { min: 0, max: parseCount(text, "--slots", WHOLE_WORKER) };
  const range = rest.length === 0 && /^\d{1,5}$/.test(least!) && /^\d{1,5}$/.test(most);
  if (range && Number(least) <= Number(most) && Number(most) >= 1 && Number(most) <= WHOLE_WORKER) {
    return { min: Number(least), max: Number(most) };
  }
  throw new WilcoError({
    code: "invalid_request",
    message: `--slots is neither a number nor a range from a smaller to a larger one: ${JSON.stringify(text)}`,
    hint: "Write --slots 16, --slots 4-16 or --slots auto.",
  });
}
