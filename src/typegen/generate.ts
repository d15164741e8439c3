/** The types file of a server: the script API, and an interface for each of the server's resource types. */
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import { docComment } from "./doc-comment.ts";
import { interfaceNames, propertyKey } from "./identifiers.ts";
import { operationMethod, resultType } from "./operation-type.ts";
import { schemaType } from "./schema-type.ts";

export interface GenerateOptions {
  /** What holds for every server: the text of `readBaseTypes()`. */
  base: string;
  types: readonly ResourceTypeDescriptor[];
  resources: ReadonlyArray<{ name: string; type: string }>;
  /** true: a name that is not listed is no mistake. Default false. */
  anyName?: boolean;
}

/** How a types file begins. A file that begins otherwise is somebody's own and is never overwritten. */
export const TYPES_FILE_MARK = '// Made by "wilco typegen"';

/** The engine and libraries look for these on any object, so they are never operations' methods (see client/resource-proxy.ts). */
const NEVER_METHODS: ReadonlySet<string> = new Set(["then", "toJSON", "toString", "valueOf"]);

/** The same server gives the same text: everything is in order of its name, and there is no time in it. */
export function generateTypes({ base, types, resources, anyName = false }: GenerateOptions): string {
  const sorted = types.toSorted(byName);
  const interfaces = interfaceNames(
    sorted.map((type) => type.name),
    namesDeclaredIn(base),
  );
  const head = `${TYPES_FILE_MARK}: ${count(types.length, "resource type")}, ${count(resources.length, "resource")}. Don't edit it; run that again.\n`;
  if (types.length === 0) return `${head}\n${base}`;
  const typeOf = (name: string) => interfaces.get(name) ?? "ResourceProxy";
  const parts = [
    '/** What this server has. */\ndeclare module "wilco" {\n',
    "  export interface ResourceTypes {\n",
    ...sorted.map((type) => `    ${propertyKey(type.name)}: ${typeOf(type.name)};\n`),
    "  }\n",
    "  export interface ResourceNames {\n",
    ...resources.toSorted(byName).map(({ name, type }) => `    ${JSON.stringify(name)}: ${typeOf(type)};\n`),
    "  }\n",
    anyName ? "  export interface TypeSettings {\n    anyName: true;\n  }\n" : "",
    ...sorted.map((type) => typeInterfaces(type, typeOf(type.name))),
    "}\n",
  ];
  return `${head}\n${base}\n${parts.join("")}`;
}

function typeInterfaces(type: ResourceTypeDescriptor, name: string): string {
  const operations = Object.values(type.operations)
    .filter((operation) => !NEVER_METHODS.has(operation.name))
    .toSorted(byName);
  const check = type.check === null ? undefined : type.operations[type.check];
  const checked = check === undefined ? "any" : resultType(check, true, "  ");
  const settings = type.configuration === null ? "" : `, ${schemaType(type.configuration, "  ")}`;
  const members = `ResourceMembers<${name}Operations, ${checked}${settings}>`;
  return [
    `\n  export interface ${name}Operations {\n`,
    ...operations.map((operation) => operationMethod(operation, operation.name === type.check)),
    "  }\n",
    docComment([type.description ?? ""], "  "),
    `  export interface ${name} extends ${members}, OwnOperations<${name}Operations> {\n`,
    `    readonly type: ${JSON.stringify(type.name)};\n`,
    "  }\n",
  ].join("");
}

function namesDeclaredIn(text: string): string[] {
  return [...text.matchAll(/^\s*(?:export |declare )*(?:interface|type|class|const|function) (\w+)/gm)].map(
    (match) => match[1]!,
  );
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
