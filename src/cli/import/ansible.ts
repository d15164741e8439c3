/** An Ansible inventory, whatever it was written in: hosts, groups and variables, turned into resources and groups. */
import type { Json, JsonObject } from "../../core/json.ts";
import { globToRegExp } from "../../domain/selector.ts";
import type { Imported, ImportedResource } from "./imported.ts";

export interface AnsibleGroup {
  line: number | null;
  hosts: Set<string>;
  children: Set<string>;
  vars: Map<string, Json>;
}

export interface AnsibleInventory {
  hosts: Map<string, { line: number | null; vars: Map<string, Json> }>;
  groups: Map<string, AnsibleGroup>;
}

/** Every host is in the first, and those in no other group in the second: they say nothing. */
const IMPLIED = new Set(["all", "ungrouped"]);

export function createAnsibleInventory(): AnsibleInventory {
  return { hosts: new Map(), groups: new Map() };
}

export function ansibleHost(inventory: AnsibleInventory, name: string, line: number | null) {
  let host = inventory.hosts.get(name);
  if (!host) inventory.hosts.set(name, (host = { line, vars: new Map() }));
  return host;
}

export function ansibleGroup(inventory: AnsibleInventory, name: string, line: number | null): AnsibleGroup {
  let group = inventory.groups.get(name);
  if (!group) {
    group = { line, hosts: new Set(), children: new Set(), vars: new Map() };
    inventory.groups.set(name, group);
  }
  return group;
}

/**
 * @param vars names and globs of the variables that become labels. The others are left out: inventories hold passwords in
 *   variables, and labels are there for everyone to see.
 */
export function takeAnsible(inventory: AnsibleInventory, imported: Imported, vars: readonly string[]): void {
  const wanted = vars.map(globToRegExp);
  const left = new Set<string>();
  const above = groupsAbove(inventory);
  for (const [name, host] of inventory.hosts) {
    const effective = new Map<string, Json>();
    for (const group of above(name)) for (const [key, value] of group.vars) effective.set(key, value);
    for (const [key, value] of host.vars) effective.set(key, value);
    const resource = imported.resource(name, host.line);
    connect(resource, name, effective);
    for (const [key, value] of effective) {
      if (key.startsWith("ansible_")) continue;
      const text = typeof value === "object" ? null : String(value);
      if (text !== null && wanted.some((one) => one.test(key))) resource.labels[key] = text;
      else left.add(key);
    }
  }
  for (const [name, group] of inventory.groups) {
    if (IMPLIED.has(name)) continue;
    const taken = imported.group(name, group.line);
    for (const host of group.hosts) taken.members.add(host);
    for (const child of group.children) if (!IMPLIED.has(child)) taken.groups.add(child);
  }
  if (left.size > 0) {
    const names = [...left].slice(0, 5).join(", ");
    imported.notices.push(
      `${left.size} variable${left.size === 1 ? " is" : "s are"} left out (${names}${left.size > 5 ? ", …" : ""}); --vars NAMES takes them as labels`,
    );
  }
}

/** The groups of a host, those further up first, so that what is nearer to the host wins, as Ansible has it. */
function groupsAbove({ groups }: AnsibleInventory): (host: string) => AnsibleGroup[] {
  const parents = new Map<string, string[]>();
  const direct = new Map<string, string[]>();
  for (const [name, group] of groups) {
    for (const child of group.children) parents.set(child, [...(parents.get(child) ?? []), name]);
    for (const host of group.hosts) {
      const before = direct.get(host);
      if (before) before.push(name);
      else direct.set(host, [name]);
    }
  }
  const depths = new Map<string, number>([["all", 0]]);
  const depthOf = (name: string, below: readonly string[]): number => {
    const before = depths.get(name);
    if (before !== undefined) return before;
    // A cycle is refused by the server, with its path; here it must only end.
    const up = (parents.get(name) ?? []).filter((parent) => !below.includes(parent));
    const depth = 1 + Math.max(0, ...up.map((parent) => depthOf(parent, [...below, name])));
    depths.set(name, depth);
    return depth;
  };
  return (host) => {
    const found = new Set<string>(groups.has("all") ? ["all"] : []);
    const add = (name: string) => {
      if (found.has(name)) return;
      found.add(name);
      for (const parent of parents.get(name) ?? []) add(parent);
    };
    for (const name of direct.get(host) ?? []) add(name);
    return [...found]
      .toSorted((a, b) => depthOf(a, []) - depthOf(b, []) || (a < b ? -1 : 1))
      .map((name) => groups.get(name)!);
  };
}

/** What Ansible says of how a host is reached, in the words of the type `host`. */
const CONNECTION: ReadonlyArray<readonly [string, string]> = [
  ["ansible_port", "port"],
  ["ansible_ssh_port", "port"],
  ["ansible_user", "user"],
  ["ansible_ssh_user", "user"],
  ["ansible_ssh_private_key_file", "keyFile"],
  ["ansible_private_key_file", "keyFile"],
  ["ansible_password", "password"],
  ["ansible_ssh_pass", "password"],
];

function connect(resource: ImportedResource, name: string, vars: ReadonlyMap<string, Json>): void {
  const text = (key: string) => {
    const value = vars.get(key);
    return value === undefined || value === null || typeof value === "object" ? undefined : String(value);
  };
  if (text("ansible_connection") === "local") return;
  resource.connection["address"] = text("ansible_host") ?? text("ansible_ssh_host") ?? name;
  for (const [key, ours] of CONNECTION) {
    const value = text(key);
    if (value !== undefined) resource.connection[ours] = value;
  }
  if (["true", "yes", "1", "True"].includes(text("ansible_become") ?? "")) {
    const user = text("ansible_become_user");
    const password = text("ansible_become_password") ?? text("ansible_become_pass");
    resource.connection["become"] = {
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
    } satisfies JsonObject;
  }
}

const MAX_RANGE = 100_000;

/**
 * `web[01:20:2].example.org` as the names that it stands for.
 * @throws Error with a sentence about what is wrong with the range.
 */
export function expandRange(pattern: string): string[] {
  const match = /^(.*?)\[([^\]]*)\](.*)$/.exec(pattern);
  if (!match) return [pattern];
  const [, before = "", range = "", after = ""] = match;
  const rest = expandRange(after);
  const values = rangeValues(range);
  if (values.length * rest.length > MAX_RANGE) throw new Error(`the range [${range}] stands for too many hosts`);
  return values.flatMap((value) => rest.map((tail) => `${before}${value}${tail}`));
}

function rangeValues(range: string): string[] {
  const parts = range.split(":");
  const [from = "", to = "", step = "1"] = parts;
  const by = Number(step);
  const wrong = new Error(`[${range}] is not a range: write [01:20], [a:f] or [0:10:2]`);
  if (parts.length < 2 || parts.length > 3 || !Number.isInteger(by) || by < 1) throw wrong;
  const letters = /^[a-z]$/i;
  if (letters.test(from) && letters.test(to)) {
    const codes = count(from.charCodeAt(0), to.charCodeAt(0), by);
    if (codes.length === 0) throw new Error(`the range [${range}] ends before it begins`);
    return codes.map((code) => String.fromCharCode(code));
  }
  const start = from === "" ? "0" : from;
  if (!/^\d{1,9}$/.test(start) || !/^\d{1,9}$/.test(to)) throw wrong;
  const numbers = count(Number(start), Number(to), by);
  if (numbers.length === 0) throw new Error(`the range [${range}] ends before it begins`);
  // 01 means that all have two digits.
  const width = start.startsWith("0") && start.length > 1 ? start.length : 0;
  return numbers.map((number) => String(number).padStart(width, "0"));
}

function count(from: number, to: number, step: number): number[] {
  if ((to - from) / step > MAX_RANGE) throw new Error("the range stands for too many hosts");
  const found: number[] = [];
  for (let at = from; at <= to; at += step) found.push(at);
  return found;
}
