/** An operation as a typed method. */
import { formatDuration } from "../core/durations.ts";
import type { OperationDescriptor } from "../domain/resource-type.ts";
import { docComment } from "./doc-comment.ts";
import { propertyKey } from "./identifiers.ts";
import { requiredNames, schemaType } from "./schema-type.ts";

const INDENT = "    ";

/** The method with its comment, as lines of an interface. */
export function operationMethod(operation: OperationDescriptor, isCheck: boolean): string {
  const { name, description, timeout, exclusive } = operation;
  const closed = schemaType(operation.parameters, INDENT);
  const parameters = closed === "Record<string, never>" ? "NoParameters" : closed;
  const optional = requiredNames(operation.parameters).length === 0 ? "?" : "";
  const notes = [
    description ?? "",
    `Timeout ${formatDuration(timeout)}; ${exclusive ? "one at a time for each resource" : "any number at a time"}.`,
  ];
  const result = resultType(operation, isCheck, INDENT);
  return `${docComment(notes, INDENT)}${INDENT}${propertyKey(name)}(parameters${optional}: ${parameters}, options?: CallOptions): Execution<${result}>;\n`;
}

/** `any` where the type declares no result: what is not declared can't be wrong. */
export function resultType(operation: OperationDescriptor, isCheck: boolean, indent: string): string {
  if (operation.result !== null) return schemaType(operation.result, indent);
  const { implementation } = operation;
  // A check's result also says what it saw.
  if (implementation?.kind !== "run" || isCheck) return "any";
  if (implementation.exitCodes) return "any";
  if (implementation.result === "none") return "{ exitCode: number }";
  return implementation.result === "text" ? "{ exitCode: number; stdout: string }" : "any";
}
