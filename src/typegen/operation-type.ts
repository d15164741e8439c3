/** An operation as a typed method. */
import { formatDuration } from "../core/durations.ts";
import { CREATE_CHILD } from "../domain/capabilities.ts";
import { contentParameters } from "../domain/content.ts";
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
  const method = (input: string) =>
    `${docComment(notes, INDENT)}${INDENT}${propertyKey(name)}(${input}, options?: CallOptions): Execution<${result}>;\n`;
  return method(`parameters${optional}: ${parameters}`) + shorthand(operation, parameters, method);
}

/** What may stand before the parameters: a file, or the type of a child. */
function shorthand(operation: OperationDescriptor, parameters: string, method: (input: string) => string): string {
  const [content] = contentParameters(operation.parameters);
  const first = operation.name === CREATE_CHILD ? "type" : content;
  if (first === undefined) return "";
  const others = requiredNames(operation.parameters).filter((name) => name !== first);
  const rest = `parameters${others.length === 0 ? "?" : ""}: Omit<${parameters}, ${JSON.stringify(first)}>`;
  return method(`${first === "type" ? "type: string" : "content: FileContent"}, ${rest}`);
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
