/** What JSON from the VM may look like, as small checks to be put together. */

/** Undefined when the value is right, else what is wrong, with its place. */
export type Check = (value: unknown, place: string) => string | undefined;

export const whole =
  (min: number, max: number): Check =>
  (value, place) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `${place} is not a whole number from ${min} to ${max}`;
export const number =
  (min: number, max: number): Check =>
  (value, place) =>
    typeof value === "number" && value >= min && value <= max
      ? undefined
      : `${place} is not a number from ${min} to ${max}`;
export const text =
  (max: number): Check =>
  (value, place) =>
    typeof value === "string" && value.length <= max
      ? undefined
      : `${place} is not a text of at most ${max} characters`;
export const flag: Check = (value, place) =>
  typeof value === "boolean" ? undefined : `${place} is neither true nor false`;
export const one =
  (...values: unknown[]): Check =>
  (value, place) =>
    values.includes(value) ? undefined : `${place} is none of ${values.join(", ")}`;
export const object: Check = (value, place) =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? undefined : `${place} is not an object`;
export const either =
  (...checks: Check[]): Check =>
  (value, place) => {
    const faults = checks.map((check) => check(value, place));
    return faults.includes(undefined) ? undefined : faults[0];
  };
export const list =
  (item: Check, max: number): Check =>
  (value, place) => {
    if (!Array.isArray(value) || value.length > max) return `${place} is not a list of at most ${max}`;
    for (const [index, one] of value.entries()) {
      const fault = item(one, `${place}[${index}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
/** An object of any names. */
export const textsByName =
  (value: Check, max: number): Check =>
  (input, place) => {
    if (object(input, place) !== undefined) return object(input, place);
    const fields = Object.entries(input as object);
    if (fields.length > max) return `${place} has more than ${max} fields`;
    return fields.map(([name, field]) => text(256)(name, place) ?? value(field, `${place}.${name}`)).find(Boolean);
  };
/** Lists and objects inside each other, at most so many: what is deeper overflows the stack of whoever writes it as JSON. */
export const nested =
  (levels: number): Check =>
  (value, place) => {
    if (typeof value !== "object" || value === null) return undefined;
    if (levels === 0) return `${place} is nested too deeply`;
    const deeper = nested(levels - 1);
    for (const item of Object.values(value)) {
      const fault = deeper(item, place);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
/** As `shape`, with any further fields. */
export const fields =
  (required: Record<string, Check>): Check =>
  (value, place) => {
    if (object(value, place) !== undefined) return object(value, place);
    const given = value as Record<string, unknown>;
    for (const [key, check] of Object.entries(required)) {
      const fault = check(Object.hasOwn(given, key) ? given[key] : undefined, `${place}.${key}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
/** Nothing but these fields. */
export const shape =
  (required: Record<string, Check>, optional: Record<string, Check> = {}): Check =>
  (value, place) => {
    if (object(value, place) !== undefined) return object(value, place);
    const given = value as Record<string, unknown>;
    for (const [key, field] of Object.entries(given)) {
      const check = Object.hasOwn(required, key)
        ? required[key]!
        : Object.hasOwn(optional, key)
          ? optional[key]!
          : undefined;
      if (!check) return `${place} has an unknown field ${JSON.stringify(key.slice(0, 80))}`;
      const fault = check(field, `${place}.${key}`);
      if (fault !== undefined) return fault;
    }
    const missing = Object.keys(required).find((key) => !Object.hasOwn(given, key));
    return missing === undefined ? undefined : `${place} has no ${missing}`;
  };
