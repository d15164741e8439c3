/** Patterns of operations, as `--allow-operation` takes them: a name or a glob ("re*"), alone or after its type's. */
import { globToRegExp } from "./selector.ts";

export const OPERATION_PATTERN = /^[A-Za-z0-9._*?-]+$/;

/** A pattern with a dot is about type and operation, one without about the operation of every type. */
export function operationAllowed(patterns: readonly string[], type: string, operation: string): boolean {
  return patterns.some((pattern) =>
    globToRegExp(pattern).test(pattern.includes(".") ? `${type}.${operation}` : operation),
  );
}
