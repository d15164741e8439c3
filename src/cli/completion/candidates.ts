/** Which words may stand where the cursor is: commands and flags of the program, names of the server. */
import type { Command } from "commander";
import { STATUSES } from "../../domain/status.ts";
import type { Known } from "./known.ts";

/** Values of flags that are the same everywhere. */
const VALUES: Record<string, readonly string[]> = {
  "--output": ["table", "json", "jsonl", "yaml"],
  "--on-error": ["wait", "leave", "cancel"],
  "--on-interrupt": ["leave", "cancel"],
  "--order": ["given", "name", "reverse", "random"],
  "--role": ["viewer", "operator", "worker", "admin"],
  "--report": ["junit="],
  "--status": STATUSES,
};

/** What a command's n-th argument is. */
const ARGUMENTS: Record<
  string,
  ReadonlyArray<"selector" | "operation" | "resource" | "setting" | "type" | "group" | "shell" | undefined>
> = {
  exec: ["selector", "operation"],
  "resources list": ["selector"],
  "resources show": ["resource"],
  "resources tree": ["resource"],
  "resources availability": ["resource"],
  "resources metrics": ["resource"],
  "resources edit": ["resource"],
  "resources enable": ["resource"],
  "resources disable": ["resource"],
  "resources remove": ["resource"],
  deploy: ["selector"],
  "deployments list": ["resource"],
  "deployments show": ["resource"],
  "deployments get": ["resource"],
  "deployments rollback": ["resource"],
  "groups show": ["group"],
  "groups remove": ["group"],
  "types show": ["type"],
  "types remove": ["type"],
  "config get": ["resource"],
  "config update": ["resource", "setting"],
  "config rollback": ["resource"],
  "config history": ["resource"],
  "config diff": ["resource"],
  "config drift": ["resource"],
  completion: ["shell"],
};

/** @param words after `wilco`, the last one being typed. Sorted, each a whole word that begins like it. */
export function candidatesOf(program: Command, words: readonly string[], known: Known | undefined): string[] {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  // What stands behind "--" is the operation's own.
  if (before.includes("--")) return [];
  const { command, path, args, open } = walk(program, before);
  const offered =
    open !== undefined
      ? valuesOf(open, args, known)
      : typed.startsWith("-")
        ? flagsOf(command)
        : namesOf(command, path, args, typed, known);
  return [...new Set(offered)].filter((word) => word.startsWith(typed)).toSorted();
}

interface Place {
  command: Command;
  /** "entry show" */
  path: string;
  /** Arguments so far. */
  args: string[];
  /** The flag whose value is being typed. */
  open: string | undefined;
}

function walk(program: Command, words: readonly string[]): Place {
  let command = program;
  const path: string[] = [];
  const args: string[] = [];
  let open: string | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    if (word.startsWith("-")) {
      const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
      if (option?.required === true) open = option.long ?? word;
      continue;
    }
    const next = args.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (next) {
      command = next;
      path.push(word);
    } else args.push(word);
  }
  return { command, path: path.join(" "), args, open };
}

function optionsOf(command: Command) {
  const chain: Command[] = [];
  for (let at: Command | null = command; at; at = at.parent) chain.push(at);
  return chain.flatMap((one) => one.options).filter(({ hidden }) => !hidden);
}

function flagsOf(command: Command): string[] {
  return [...optionsOf(command).flatMap(({ long }) => long ?? []), "--help"];
}

function valuesOf(flag: string, args: readonly string[], known: Known | undefined): readonly string[] {
  if (flag !== "--param") return VALUES[flag] ?? [];
  const [selector = "", operation = ""] = args;
  return typesOf(selector, known).flatMap((type) => (known?.types[type]?.[operation] ?? []).map((name) => `${name}=`));
}

function namesOf(
  command: Command,
  path: string,
  args: readonly string[],
  typed: string,
  known: Known | undefined,
): string[] {
  const commands = command.commands.filter((one) => !(one as Command & { _hidden?: boolean })._hidden);
  if (commands.length > 0) return commands.map((one) => one.name());
  switch (ARGUMENTS[path]?.[args.length]) {
    case "selector":
      return selectorsOf(typed, known);
    case "operation":
      return typesOf(args[0]!, known).flatMap((type) => Object.keys(known?.types[type] ?? {}));
    case "resource":
      return known?.resources.map(({ name }) => name) ?? [];
    case "setting":
      return typesOf(args[0]!, known).flatMap((type) => (known?.settings?.[type] ?? []).map((name) => `${name}=`));
    case "type":
      return Object.keys(known?.types ?? {});
    case "group":
      return [...(known?.groups ?? [])];
    case "shell":
      return ["bash", "zsh", "fish"];
    case undefined:
      return [];
  }
}

/** The last term of a list is completed; what stands before it stays. */
function selectorsOf(typed: string, known: Known | undefined): string[] {
  if (!known) return [];
  const start = typed.slice(0, typed.lastIndexOf(",") + 1);
  const terms = [
    ...known.resources.map(({ name }) => name),
    ...Object.keys(known.types).map((type) => `type=${type}`),
    ...known.groups.map((group) => `group=${group}`),
    ...known.labels,
  ];
  return terms.map((term) => start + term);
}

/** The types that the selector can be about; all of them where only the server could tell. */
function typesOf(selector: string, known: Known | undefined): string[] {
  if (!known) return [];
  const terms = selector.split(",");
  const named = known.resources.filter(({ name }) => terms.includes(name)).map(({ type }) => type);
  const types = terms.flatMap((term) => /^type=(.+)$/.exec(term)?.[1] ?? []);
  const found = new Set(types.length > 0 ? types : named);
  return found.size > 0 ? [...found] : Object.keys(known.types);
}
