/** An Ansible inventory as a tree: in YAML, or the JSON of `ansible-inventory --list`. */
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { messageOf } from "../../core/errors.ts";
import type { PlaceOf } from "../../core/yaml-places.ts";
import { ansibleGroup, ansibleHost, createAnsibleInventory, expandRange, type AnsibleInventory } from "./ansible.ts";
import type { Imported } from "./imported.ts";

/** Groups within groups, `hosts` and `vars` as mappings. */
export function readAnsibleYaml(tree: JsonObject, placeOf: PlaceOf, imported: Imported): AnsibleInventory {
  const inventory = createAnsibleInventory();
  const lineOf = (path: string) => placeOf(path)?.line ?? null;
  const isMapping = (value: Json | undefined, path: string): value is JsonObject => {
    if (value === undefined || value === null) return false;
    if (isJsonObject(value)) return true;
    imported.problem(lineOf(path), `${path} must be a mapping`);
    return false;
  };
  const readGroup = (name: string, value: Json, path: string) => {
    const group = ansibleGroup(inventory, name, lineOf(path));
    if (!isMapping(value, path)) return;
    for (const key of Object.keys(value)) {
      if (!["hosts", "children", "vars"].includes(key))
        imported.problem(lineOf(`${path}.${key}`), `${path}.${key} is not a key of a group`, GROUP_HINT);
    }
    if (isMapping(value["vars"], `${path}.vars`)) setAll(group.vars, value["vars"]);
    if (isMapping(value["hosts"], `${path}.hosts`)) {
      for (const [pattern, vars] of Object.entries(value["hosts"])) {
        const at = `${path}.hosts.${pattern}`;
        const line = lineOf(at);
        try {
          for (const host of expandRange(pattern)) {
            group.hosts.add(host);
            const { vars: own } = ansibleHost(inventory, host, line);
            if (isMapping(vars, at)) setAll(own, vars);
          }
        } catch (error) {
          imported.problem(line, messageOf(error));
        }
      }
    }
    if (isMapping(value["children"], `${path}.children`)) {
      for (const [child, inner] of Object.entries(value["children"])) {
        group.children.add(child);
        readGroup(child, inner, `${path}.children.${child}`);
      }
    }
  };
  for (const [name, value] of Object.entries(tree)) readGroup(name, value, name);
  return inventory;
}

const GROUP_HINT = "A group has hosts, children and vars.";

/** Every group at the top, with lists of names; variables of hosts in `_meta`. */
export function readAnsibleList(list: JsonObject, imported: Imported): AnsibleInventory {
  const inventory = createAnsibleInventory();
  const meta = list["_meta"];
  const hostvars = isJsonObject(meta) && isJsonObject(meta["hostvars"]) ? meta["hostvars"] : {};
  for (const [name, value] of Object.entries(list)) {
    if (name === "_meta") continue;
    const group = ansibleGroup(inventory, name, null);
    // A group may be a bare list of its hosts.
    const parts = Array.isArray(value) ? { hosts: value } : value;
    if (!isJsonObject(parts)) {
      imported.problem(null, `${name} must be an object with hosts, children and vars`);
      continue;
    }
    for (const host of namesIn(parts["hosts"], `${name}.hosts`, imported)) {
      ansibleHost(inventory, host, null);
      group.hosts.add(host);
    }
    for (const child of namesIn(parts["children"], `${name}.children`, imported)) group.children.add(child);
    if (isJsonObject(parts["vars"])) setAll(group.vars, parts["vars"]);
  }
  for (const [name, vars] of Object.entries(hostvars)) {
    const host = ansibleHost(inventory, name, null);
    if (isJsonObject(vars)) setAll(host.vars, vars);
    else imported.problem(null, `_meta.hostvars.${name} must be an object`);
  }
  return inventory;
}

function namesIn(value: Json | undefined, path: string, imported: Imported): string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value;
  imported.problem(null, `${path} must be a list of names`);
  return [];
}

function setAll(vars: Map<string, Json>, values: JsonObject): void {
  for (const [key, value] of Object.entries(values)) vars.set(key, value);
}
