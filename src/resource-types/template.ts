/**
 * `{{parameters.version}}` in commands and requests of YAML types. A template is replaced by a value, never read again:
 * what a value holds is not looked at for templates, and each element of a command stays one argument.
 */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";

export const TEMPLATE_ROOTS = ["parameters", "connection", "configuration", "resource", "secrets"] as const;

/** What templates reach. */
export type TemplateScope = Record<(typeof TEMPLATE_ROOTS)[number], unknown>;

/** `\{{` is a literal `{{`; otherwise everything between `{{` and `}}` is a path. */
const TEMPLATE = /\\\{\{|\{\{([^{}]*)\}\}|\{\{/g;
const PATH = /^[A-Za-z_][\w-]*(?:\.[\w-]+)*$/;

/** The paths that a text names, e.g. [["connection", "url"]]. @throws WilcoError `invalid_inventory` for one that is none. */
export function templatePaths(text: string): string[][] {
  return [...text.matchAll(TEMPLATE)].filter(([all]) => all !== "\\{{").map(([all, inside]) => pathOf(all, inside));
}

/**
 * The text with every template replaced. Texts stand as they are, numbers and booleans as they print, lists and objects
 * as JSON.
 * @param encode applied to each value before it goes in, with the path it came from. Default: as it is.
 * @throws WilcoError `invalid_parameters` when a value is missing or null, `invalid_inventory` when a template is none.
 */
export function fillText(
  text: string,
  scope: TemplateScope,
  encode?: (value: string, path: string[]) => string,
): string {
  return text.replace(TEMPLATE, (all: string, inside: string | undefined) => {
    if (all === "\\{{") return "{{";
    const path = pathOf(all, inside);
    const value = valueAt(path, scope);
    const filled = typeof value === "string" ? value : JSON.stringify(value);
    return encode ? encode(filled, path) : filled;
  });
}

/**
 * Fills every text inside a value (for request bodies). A text that is one template and nothing else becomes the value
 * itself, so that numbers, lists and objects keep their kind.
 */
export function fillValue(value: unknown, scope: TemplateScope): unknown {
  if (typeof value === "string") {
    const [whole] = [...value.matchAll(TEMPLATE)];
    if (whole && whole[0] === value && whole[1] !== undefined) return valueAt(pathOf(value, whole[1]), scope);
    return fillText(value, scope);
  }
  if (Array.isArray(value)) return value.map((one) => fillValue(one, scope));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fillValue(one, scope)]));
}

/** Names of secrets may have dots, and nothing is inside of one. */
function secretNamed(name: string, secrets: unknown): unknown {
  if (isJsonObject(secrets) && Object.hasOwn(secrets, name)) return secrets[name];
  throw new WilcoError({
    code: "unknown_secret",
    message: `There is no secret ${JSON.stringify(name)} for {{secrets.${name}}}.`,
    hint: `An admin sets it with: wilco secrets set ${name}`,
  });
}

function pathOf(template: string, inside: string | undefined): string[] {
  const text = inside?.trim() ?? "";
  const path = text.split(".");
  const roots: readonly string[] = TEMPLATE_ROOTS;
  if (PATH.test(text) && path.length > 1 && roots.includes(path[0]!)) return path;
  const near = path[0] !== "" && !roots.includes(path[0]!) ? suggestion(path[0]!, roots, "Templates reach") : undefined;
  throw new WilcoError({
    code: "invalid_inventory",
    message: `${JSON.stringify(template)} is not a template.`,
    hint:
      near ??
      "Write {{parameters.name}}, {{connection.name}}, {{configuration.name}}, {{resource.name}} or {{secrets.name}}; a literal {{ is written \\{{.",
  });
}

function valueAt(path: string[], scope: TemplateScope): unknown {
  if (path[0] === "secrets") return secretNamed(path.slice(1).join("."), scope.secrets);
  let value: unknown = scope;
  for (const [depth, key] of path.entries()) {
    const here: unknown = value;
    const inList = Array.isArray(here) && /^\d+$/.test(key);
    // Own properties only: {{parameters.constructor}} is as missing as any other name that was not given.
    if (inList || (isJsonObject(here) && Object.hasOwn(here, key))) value = (here as Record<string, unknown>)[key];
    else value = undefined;
    if (value !== undefined && value !== null) continue;
    const known = isJsonObject(here) && depth > 0 ? Object.keys(here) : [];
    throw new WilcoError({
      code: "invalid_parameters",
      message: `{{${path.join(".")}}} has no value: "${path.slice(0, depth + 1).join(".")}" is not set.`,
      hint:
        suggestion(key, known, `${path.slice(0, depth).join(".")} has`) ??
        "Set it, or give it a default in the schema.",
    });
  }
  return value;
}
