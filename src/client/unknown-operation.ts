/**
 * What answers for a name that a resource does not have: an error with the nearest name, at once. It is the last link
 * of the prototype chain, so that every name that exists is found before it and costs nothing extra. (Measured: a
 * JS Proxy around the resource itself makes each access 15 times slower, and turns `await` into an operation "then".)
 */
import { WilcoError } from "../core/errors.ts";
import { nearest } from "../core/suggest.ts";
import { isName } from "../domain/route.ts";

/** What the engine and libraries look for on any object; a resource has none of them, which is no mistake of anyone. */
const PROBED: ReadonlySet<string> = new Set([
  "then",
  "toJSON",
  "inspect",
  "length",
  "nodeType",
  "nodeName",
  "tagName",
  "asymmetricMatch",
  "default",
]);

export interface NamesOf {
  /** The type's name. */
  type: string;
  operations: string[];
  /** Everything else that can be written after the dot. */
  members: readonly string[];
}

/**
 * A prototype whose unknown names throw.
 * @param namesOf the names of the object that was asked, or undefined when it is none of ours.
 */
export function createUnknownNameFallback(namesOf: (receiver: unknown) => NamesOf | undefined): object {
  return new Proxy(Object.create(Object.prototype) as object, {
    get(target, key, receiver): unknown {
      // Symbols, "_private", "$$typeof", "@@…" can't be operations.
      if (typeof key === "symbol" || key in target || PROBED.has(key) || !isName(key)) {
        return Reflect.get(target, key, receiver);
      }
      const names = namesOf(receiver);
      if (names) throw unknownOperation(key, names);
      return undefined;
    },
  });
}

/** `web-server has no operation "restrat". Did you mean "restart"?` */
export function unknownOperation(name: string, { type, operations, members }: NamesOf): WilcoError {
  const near = nearest(name, operations) ?? nearest(name, members);
  const has = operations.length > 0 ? `Its operations: ${operations.join(", ")}.` : "The type has no operations.";
  return new WilcoError({
    code: "unknown_operation",
    message: `${type} has no operation "${name}".${near === undefined ? "" : ` Did you mean "${near}"?`}`,
    hint: near === undefined ? has : undefined,
    details: { type, operation: name },
  });
}
