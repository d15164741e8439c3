/** The signature of a call, with types, defaults and descriptions: what a second Tab shows. */
import { OPTION_KEYS } from "../../client/call-options.ts";
import { formatDuration } from "../../core/durations.ts";
import type { JsonSchema } from "../../core/json.ts";
import type { OperationDescriptor } from "../../domain/resource-type.ts";
import { cut, oneLine, pad, widthOf, wrapWords } from "../inspector/text.ts";
import type { Cursor } from "./cursor.ts";
import { operationsNamed, type Inference } from "./inference.ts";
import type { Snapshot } from "./names.ts";
import type { Place } from "./place.ts";
import { propertiesOf, requiredOf, resolved, typeText } from "./schema.ts";
import type { CallShape } from "./shapes.ts";

const INDENT = "  ";
/** The declaration of a parameter takes no more than that before its description. */
const MOST_DECLARATION = 40;
/** Types that declare one operation differently, shown at most. */
const MOST_TYPES = 2;

export interface SignatureInput {
  cursor: Cursor;
  place: Place | undefined;
  inference: Inference;
  snapshot: Snapshot;
  /** Columns. */
  width: number;
}

/** Of what is called around the cursor, or of the name just typed when it can be called. */
export function signatureAt({ cursor, place, inference, snapshot, width }: SignatureInput): string | undefined {
  const call = namedAt(cursor, inference);
  if (call) return signatureOf(call, 0, snapshot, width);
  if (!place) return undefined;
  if (place.path.length === 0 && !(place.call.operation && place.argument === 1)) {
    return signatureOf(place.call, place.argument, snapshot, width);
  }
  const lines = parameterLines(place.schema ?? {}, width);
  const where = [place.argument === 1 && place.call.operation ? "options" : "", ...place.path].filter(
    (part) => part !== "",
  );
  return lines.length === 0 ? undefined : [`${where.join(".")} of ${place.call.name}`, ...lines].join("\n");
}

function namedAt(cursor: Cursor, inference: Inference): CallShape | undefined {
  if (cursor.typed.kind !== "word") return undefined;
  const shape = inference.typedName(cursor.typed.text);
  return shape?.kind === "call" ? shape.call : undefined;
}

function signatureOf(call: CallShape, argument: number, snapshot: Snapshot, width: number): string | undefined {
  // Of JavaScript's own methods no more is known than their names.
  if (!call.operation && call.about === "") return undefined;
  if (!call.operation) return callSignature(call, argument, width);
  const signatures = call.operation.types.flatMap((type) =>
    operationsNamed(snapshot, [type], call.name).map((operation) => operationSignature(operation, type, width)),
  );
  const more = signatures.length - MOST_TYPES;
  return [...signatures.slice(0, MOST_TYPES), ...(more > 0 ? [`and ${more} more types`] : [])].join("\n\n");
}

/** Of `restart` as one type declares it. @param width columns. */
function operationSignature(operation: OperationDescriptor, type: string, width: number): string {
  const schema = resolved(operation.parameters);
  const takes = Object.keys(propertiesOf(schema)).length > 0;
  const needed = requiredOf(schema).length > 0;
  const head = `${operation.name}(${takes ? `{ … }${needed ? "" : "?"}` : "{}?"}, options?)  of ${type}`;
  const facts = [
    `timeout ${formatDuration(operation.timeout)}`,
    operation.exclusive ? "one at a time" : "any number at once",
    ...(operation.onLost === "requeue" ? ["repeated when its worker dies"] : []),
  ];
  return [
    oneLine(head),
    ...prose(operation.description ?? "", width),
    ...parameterLines(schema, width),
    ...indented(`→ ${operation.result === null ? "any" : typeText(operation.result)}`, width),
    ...indented(facts.join(", "), width),
    ...indented(`options: ${OPTION_KEYS.join(", ")}`, width),
  ].join("\n");
}

/** Of a call of the script API. @param argument the one being typed, from 0; its settings are listed. */
function callSignature(call: CallShape, argument: number, width: number): string {
  const schema = call.args[argument];
  const parameters = schema ? parameterLines(schema, width) : [];
  return [call.signature, ...prose(call.about, width), ...parameters].join("\n");
}

function parameterLines(schema: JsonSchema, width: number): string[] {
  const required = requiredOf(schema);
  const rows = Object.entries(propertiesOf(schema)).map(([name, inner]) => {
    const own = resolved(inner, schema);
    const fallback = own["default"] === undefined ? "" : ` = ${JSON.stringify(own["default"])}`;
    const mark = required.includes(name) && fallback === "" ? "" : "?";
    const whole = typeText(own, schema);
    const type = widthOf(whole) > MOST_DECLARATION && whole.startsWith("{") ? "{ … }" : whole;
    const description = typeof own["description"] === "string" ? own["description"] : "";
    return {
      declaration: oneLine(`${name}${mark}: ${type}${fallback}`),
      description: oneLine(description),
    };
  });
  const column = Math.min(
    Math.floor(width / 2),
    rows
      .filter(({ declaration, description }) => description !== "" && widthOf(declaration) <= MOST_DECLARATION)
      .reduce((most, { declaration }) => Math.max(most, widthOf(declaration)), 0),
  );
  return rows.flatMap(({ declaration, description }) => {
    if (description === "") return [INDENT + cut(declaration, width - INDENT.length)];
    if (widthOf(declaration) <= column) {
      const room = Math.max(10, width - column - 2 * INDENT.length);
      return wrapWords(description.split(" "), room).map(
        (line, at) => `${INDENT}${pad(at === 0 ? declaration : "", column)}${INDENT}${line}`,
      );
    }
    return [
      INDENT + cut(declaration, width - INDENT.length),
      ...wrapWords(description.split(" "), Math.max(10, width - 3 * INDENT.length)).map(
        (line) => INDENT.repeat(3) + line,
      ),
    ];
  });
}

function prose(text: string, width: number): string[] {
  return text === "" ? [] : indented(oneLine(text), width);
}

function indented(text: string, width: number): string[] {
  return wrapWords(oneLine(text).split(" "), Math.max(10, width - INDENT.length)).map((line) => INDENT + line);
}
