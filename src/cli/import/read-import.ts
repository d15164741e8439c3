/** Finds out what a source is written in, and reads it. */
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { parseYaml } from "../../core/yaml-file.ts";
import { readAnsibleIni } from "./ansible-ini.ts";
import { readAnsibleList, readAnsibleYaml } from "./ansible-tree.ts";
import { takeAnsible } from "./ansible.ts";
import { readCsv } from "./csv.ts";
import { createImported, type Imported } from "./imported.ts";
import { readJson } from "./json.ts";
import { readSshConfig } from "./ssh-config.ts";

export const IMPORT_FORMATS = ["ansible", "csv", "ssh-config", "json"] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];

export interface ImportSource {
  /** As messages call it: a path, "stdin", or a command. */
  named: string;
  text: string;
}

/**
 * @param from undefined = guessed by name and content.
 * @param vars names and globs of Ansible's variables that become labels.
 * @throws WilcoError `invalid_inventory` when it can't be told what it is, or it is not YAML.
 */
export async function readImport(
  { named, text }: ImportSource,
  from: ImportFormat | undefined,
  vars: readonly string[],
): Promise<Imported> {
  const imported = createImported();
  const json = jsonOf(text);
  switch (from ?? guessed(named, text, json)) {
    case "csv":
      await readCsv(text, imported);
      break;
    case "ssh-config":
      await readSshConfig(text, imported);
      break;
    case "json":
      if (json === undefined) throw notRead(`${named} is not JSON: ${jsonProblem(text)}`, "Correct it.");
      readJson(json, imported);
      break;
    case "ansible":
      takeAnsible(await readAnsible(named, text, json, imported), imported, vars);
      break;
    case undefined:
      throw notRead(`It can't be told what ${named} is written in`, `Say it: --from ${IMPORT_FORMATS.join("|")}`);
  }
  if (imported.resources.size === 0 && imported.problems.length === 0)
    throw notRead(
      `There is no resource in ${named}`,
      "Say what it is written in with --from, if that was guessed wrong.",
    );
  return imported;
}

async function readAnsible(named: string, text: string, json: Json | undefined, imported: Imported) {
  if (isJsonObject(json)) return readAnsibleList(json, imported);
  if (isIni(text)) return readAnsibleIni(text, imported);
  const { value, placeOf } = await parseYaml(text, named);
  if (isJsonObject(value)) return readAnsibleYaml(value, placeOf, imported);
  // One host a line, without any section, is INI too.
  return readAnsibleIni(text, imported);
}

function guessed(named: string, text: string, json: Json | undefined): ImportFormat | undefined {
  if (json !== undefined) return isJsonObject(json) && looksAnsible(json) ? "ansible" : "json";
  const name = named.toLowerCase();
  if (/\.(csv|tsv)$/.test(name)) return "csv";
  if (/\.(ini|ya?ml)$/.test(name)) return "ansible";
  if (/^\s*(Host|Match|Include)\s+\S/im.test(text) && !isIni(text)) return "ssh-config";
  if (isIni(text)) return "ansible";
  const [first = ""] = text.split(/\r?\n/);
  if (/^\uFEFF?("?[\w.]+"?[,;\t])*"?name"?([,;\t]|$)/.test(first)) return "csv";
  return /^\s*[\w.-]+:\s*$/m.test(text) && /^\s+(hosts|children):/m.test(text) ? "ansible" : undefined;
}

function looksAnsible(value: JsonObject): boolean {
  if (value["resources"] !== undefined) return false;
  const isGroup = (one: Json) => isJsonObject(one) && (one["hosts"] !== undefined || one["children"] !== undefined);
  return value["_meta"] !== undefined || Object.values(value).some(isGroup);
}

function isIni(text: string): boolean {
  return /^\[[^\]\n]+\]\s*([#;].*)?$/m.test(text);
}

function jsonOf(text: string): Json | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    // "[web]" begins like a list, and is a section; --from json says what is wrong with it.
    return undefined;
  }
}

function jsonProblem(text: string): string {
  try {
    JSON.parse(text);
    return "it is neither an object nor a list";
  } catch (error) {
    return messageOf(error);
  }
}

function notRead(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_inventory", message, hint });
}
