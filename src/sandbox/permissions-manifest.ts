/**
 * The manifest: comments at a script's head that say what it needs, for a person to confirm.
 *
 *   // wilco: allow-env=HOME allow-net=api.example.com:443
 */
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";

/** What flags or a manifest ask for, as written; the keys are the flags' names without their dashes. */
export interface PermissionRequest {
  "allow-env": string[];
  "allow-read": string[];
  "allow-net": string[];
  "allow-operation": string[];
  "allow-resource": string[];
}

export const PERMISSION_KEYS = [
  "allow-env",
  "allow-read",
  "allow-net",
  "allow-operation",
  "allow-resource",
] as const satisfies ReadonlyArray<keyof PermissionRequest>;

export function emptyRequest(): PermissionRequest {
  return { "allow-env": [], "allow-read": [], "allow-net": [], "allow-operation": [], "allow-resource": [] };
}

/**
 * What the comments before the first line of code ask for. A value with spaces stands in double quotes.
 * @param file for messages.
 * @throws WilcoError `script_invalid` for a line that can't be read: what was meant to be asked for must not be lost.
 */
export function readManifest(source: string, file: string): PermissionRequest {
  const request = emptyRequest();
  for (const { text, line } of headComments(source)) {
    const content = /^\s*wilco:(.*)$/.exec(text)?.[1];
    if (content === undefined) continue;
    for (const [item] of content.matchAll(/(?:"[^"]*"|\S)+/g)) readItem(item, request, `${file}:${line}`);
  }
  return request;
}

function readItem(item: string, request: PermissionRequest, place: string): void {
  const at = item.indexOf("=");
  const key = at < 0 ? item : item.slice(0, at);
  const known = PERMISSION_KEYS.find((one) => one === key);
  if (known === undefined) {
    throw new WilcoError({
      code: "script_invalid",
      message: `${place}: a manifest has no ${JSON.stringify(key)}`,
      hint: suggestion(key, PERMISSION_KEYS, "It takes"),
    });
  }
  const value = item.slice(at + 1).replace(/^"(.*)"$/, "$1");
  if (at < 0 || value === "") {
    throw new WilcoError({
      code: "script_invalid",
      message: `${place}: ${key} has no value`,
      hint: `Write // wilco: ${key}=VALUE`,
    });
  }
  request[known].push(value);
}

/** The texts of comments before the first code, a block comment line by line. */
function* headComments(source: string): Generator<{ text: string; line: number }> {
  let block = false;
  for (const [index, raw] of source
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    let text = raw.trim();
    if (index === 0 && text.startsWith("#!")) continue;
    if (!block && text.startsWith("/*")) {
      block = true;
      text = text.slice(2);
    }
    if (block) {
      const end = text.indexOf("*/");
      // "/** … */": neither its stars nor those at the beginning of a line are part of it.
      yield { text: (end < 0 ? text : text.slice(0, end)).replace(/^\*+/, ""), line: index + 1 };
      if (end >= 0) block = false;
      // Code after a comment on its line: the head ends here.
      if (end >= 0 && text.slice(end + 2).trim() !== "") return;
      continue;
    }
    if (text === "") continue;
    if (!text.startsWith("//")) return;
    yield { text: text.slice(2), line: index + 1 };
  }
}
