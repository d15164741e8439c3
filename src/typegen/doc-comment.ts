/** Comments that editors show beside what they complete. */
import type { JsonSchema } from "../core/json.ts";

const WIDTH = 110;

/** The comment with its indent and line end; "" when there is nothing to say. */
export function docComment(lines: readonly string[], indent: string): string {
  const safe = lines
    .flatMap((line) => line.split(/\r?\n/))
    // What stands in a descriptor must not end the comment.
    .map((line) => line.replaceAll("*/", "*\\/").trim())
    .filter((line) => line !== "");
  if (safe.length === 0) return "";
  const [first] = safe;
  if (safe.length === 1 && first!.length + indent.length < WIDTH) return `${indent}/** ${first} */\n`;
  return `${indent}/**\n${safe.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

/** What a schema says beyond its type: description, unit, bounds, default. */
export function schemaNotes(schema: JsonSchema): string[] {
  const notes: string[] = [];
  const { description, unit, pattern, format } = schema;
  if (typeof description === "string") notes.push(ended(capital(description)));
  if (typeof unit === "string") notes.push(`Unit: ${unit}.`);
  if (schema["secret"] === true) notes.push("Secret: shown nowhere.");
  const range = rangeOf(schema);
  if (range !== undefined) notes.push(range);
  if (typeof format === "string") notes.push(`Format: ${format}.`);
  if (typeof pattern === "string") notes.push(`Pattern: \`${pattern}\`.`);
  if (schema["default"] !== undefined) notes.push(`@default ${JSON.stringify(schema["default"])}`);
  if (schema["deprecated"] === true) notes.push("@deprecated");
  return notes;
}

function rangeOf(schema: JsonSchema): string | undefined {
  const bounds: Array<readonly [string, string, string]> = [
    ["minimum", "maximum", ""],
    ["exclusiveMinimum", "exclusiveMaximum", " (exclusive)"],
    ["minLength", "maxLength", " characters"],
    ["minItems", "maxItems", " items"],
  ];
  const parts = bounds.flatMap(([low, high, what]) => {
    const [from, to] = [schema[low], schema[high]];
    if (typeof from === "number" && typeof to === "number") return [`${from} to ${to}${what}`];
    const [word, bound] = typeof from === "number" ? ["at least", from] : ["at most", to];
    return typeof bound === "number" ? [`${word} ${bound}${bound === 1 ? what.replace(/s$/, "") : what}`] : [];
  });
  if (schema["type"] === "integer" && parts.length > 0) parts.unshift("a whole number");
  return parts.length === 0 ? undefined : `${capital(parts.join(", "))}.`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function ended(text: string): string {
  return /[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`;
}
