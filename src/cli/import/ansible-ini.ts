/** An Ansible inventory in INI: `[group]`, `[group:children]`, `[group:vars]`, hosts with variables, ranges of hosts. */
import { messageOf } from "../../core/errors.ts";
import { ansibleGroup, ansibleHost, createAnsibleInventory, expandRange, type AnsibleInventory } from "./ansible.ts";
import type { Imported } from "./imported.ts";

type Section = { group: string; kind: "hosts" | "children" | "vars" };

export function readAnsibleIni(text: string, imported: Imported): AnsibleInventory {
  const inventory = createAnsibleInventory();
  let section: Section | null = { group: "ungrouped", kind: "hosts" };
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const number = index + 1;
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    try {
      if (line.startsWith("[")) section = readSection(line);
      // What belongs to a section that could not be read is not another problem.
      else if (section !== null) readLine(line, number, section, inventory);
      if (line.startsWith("[") && section) ansibleGroup(inventory, section.group, number);
    } catch (error) {
      if (line.startsWith("[")) section = null;
      imported.problem(number, messageOf(error));
    }
  }
  return inventory;
}

function readSection(line: string): Section {
  const match = /^\[([^\]:\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$/.exec(line);
  if (!match) throw new Error(`${line.slice(0, 60)} is not a section: write [group], [group:children] or [group:vars]`);
  const [, group = "", kind = "hosts"] = match;
  if (kind === "hosts" || kind === "children" || kind === "vars") return { group, kind };
  throw new Error(`[${group}:${kind}] is not a kind of section: there are :children and :vars`);
}

function readLine(line: string, number: number, section: Section, inventory: AnsibleInventory): void {
  const group = ansibleGroup(inventory, section.group, number);
  switch (section.kind) {
    case "vars": {
      const match = /^([A-Za-z_]\w*)\s*=\s*(.*)$/.exec(line);
      if (!match) throw new Error(`${line.slice(0, 60)} is not a variable: write name=value`);
      group.vars.set(match[1]!, unquoted(match[2]!));
      return;
    }
    case "children": {
      const [child = ""] = wordsOf(line);
      ansibleGroup(inventory, child, number);
      group.children.add(child);
      return;
    }
    case "hosts": {
      const [pattern = "", ...assignments] = wordsOf(line);
      const vars = assignments.map((word) => {
        const at = word.indexOf("=");
        if (at > 0) return [word.slice(0, at), unquoted(word.slice(at + 1))] as const;
        throw new Error(`${word.slice(0, 60)} is not a variable: write name=value, and one host a line`);
      });
      const port = /^([^[\]:]+(?:\[[^\]]*\][^[\]:]*)*):(\d{1,5})$/.exec(pattern);
      for (const name of expandRange(port ? port[1]! : pattern)) {
        const host = ansibleHost(inventory, name, number);
        group.hosts.add(name);
        if (port) host.vars.set("ansible_port", port[2]!);
        for (const [key, value] of vars) host.vars.set(key, value);
      }
    }
  }
}

/** Words as a shell would see them: quotes hold spaces together, a # begins a comment. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  const pattern = /(?:[^\s"'#]|"(?:[^"\\]|\\.)*"|'[^']*'|(?<=\S)#)+|#.*$|["']/g;
  for (const [word] of line.matchAll(pattern)) {
    if (word.startsWith("#")) break;
    if (word === '"' || word === "'") throw new Error(`a quote (${word}) is not closed`);
    words.push(word);
  }
  return words;
}

function unquoted(value: string): string {
  const text = value.trim();
  const quoted = /^(["'])(.*)\1$/.exec(text);
  return quoted ? quoted[2]! : text;
}
