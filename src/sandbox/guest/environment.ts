/** `env`: the variables that were allowed, and an error for every other name. */
import { WilcoError } from "../../core/errors.ts";

/** The engine and libraries look for these on any object. */
const PROBED: ReadonlySet<string> = new Set(["then", "toJSON", "inspect", "length", "nodeType", "constructor"]);

/**
 * @param values of the allowed variables that are set.
 * @param allowed names; reading any other throws WilcoError `not_permitted`, because an undefined that means "not
 *   allowed" is taken for one that means "not set".
 */
export function createEnvironment(
  values: Readonly<Record<string, string>>,
  allowed: readonly string[] = [],
): Readonly<Record<string, string | undefined>> {
  const names = new Set([...allowed, ...Object.keys(values)]);
  const fallback = new Proxy(Object.create(null) as object, {
    get(_target, key): undefined {
      if (typeof key === "symbol" || names.has(key) || PROBED.has(key)) return undefined;
      throw new WilcoError({
        code: "not_permitted",
        message: `To read the environment variable ${key} is not permitted`,
        hint: `Run it with --allow-env ${key} if it is to do that`,
        details: { flag: "--allow-env", value: key },
      });
    },
  });
  const environment = Object.create(fallback) as Record<string, string>;
  for (const [name, value] of Object.entries(values)) {
    // Defined, not assigned: assigning "__proto__" would be something else.
    Object.defineProperty(environment, name, { value, enumerable: true });
  }
  return Object.freeze(environment);
}
