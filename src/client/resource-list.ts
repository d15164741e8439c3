/** What `resources(…)` answers: a real array, frozen, that can be cut into batches. */
import { WilcoError } from "../core/errors.ts";

export type ResourceList<P> = readonly P[] & {
  /**
   * The same resources in order, in arrays of at most that size.
   * @param size a number from 1, or a share of the whole such as "25%" (rounded up).
   */
  batches(size: number | string): ReadonlyArray<readonly P[]>;
};

export function resourceList<P>(proxies: P[]): ResourceList<P> {
  // Not enumerable: spread, for…in, printing and JSON see the array only.
  Object.defineProperty(proxies, "batches", {
    value: (size: unknown) => {
      const step = batchSize(size, proxies.length);
      const batches: Array<readonly P[]> = [];
      for (let at = 0; at < proxies.length; at += step) batches.push(Object.freeze(proxies.slice(at, at + step)));
      return Object.freeze(batches);
    },
  });
  return Object.freeze(proxies) as ResourceList<P>;
}

function batchSize(size: unknown, length: number): number {
  if (typeof size === "number" && Number.isInteger(size) && size >= 1) return size;
  const share = typeof size === "string" ? /^(\d+(?:\.\d+)?)%$/.exec(size.trim()) : null;
  const percent = share ? Number(share[1]) : 0;
  if (percent > 0 && percent <= 100) return Math.max(1, Math.ceil((length * percent) / 100));
  throw new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(size)} is not the size of a batch`,
    hint: 'Write a whole number from 1, or a share such as "25%".',
  });
}
