/**
 * Which words may stand where the cursor is: commands and flags of the program, names of the server. What a word is about
 * stands behind it and a tab, for shells that show it.
 */
import type { Command } from "commander";
import type { Known } from "./known.ts";
import { ARGUMENTS, flagValueOf, type FlagValue, type Kind } from "./places.ts";
import { lastOfList, wordsOf, type WordsPlace } from "./words.ts";

/**
 * @param words after `wilco`, the last one being typed.
 * @param profiles names of those on this machine.
 * @returns sorted, entries the newest first, each a whole word that begins like it.
 */
export function candidatesOf(
  program: Command,
  words: readonly string[],
  known: Known | undefined,
  profiles: readonly string[] = [],
): string[] {
  const at = walk(program, words);
  if (at === undefined) return [];
  const { typed } = at;
  const offered = offeredAt(at, { args: at.args, typed, known, profiles });
  // A flag of a command and of those above it is the innermost.
  const once = new Map(offered.toReversed().map((candidate) => [wordOf(candidate), candidate]));
  return [...once.values()].filter((candidate) => candidate.startsWith(typed)).toSorted(byNameOrNewest);
}

/** What kind of word is asked for, and behind which arguments; of those that the program itself knows, none. */
export function kindAt(program: Command, words: readonly string[]): { kind: Kind | undefined; args: string[] } {
  const at = walk(program, words);
  const kind = at && askedAt(at)?.words;
  return { kind: typeof kind === "string" ? kind : undefined, args: at?.args ?? [] };
}

function offeredAt(at: Place, place: WordsPlace): readonly string[] {
  const asked = askedAt(at);
  if (!asked) return at.typed.startsWith("-") ? flagsOf(at.command) : commandsOf(at);
  const typed = at.typed.slice(asked.prefix.length);
  const words = typeof asked.words === "string" ? wordsOf(asked.words, { ...place, typed }) : asked.words;
  const listed = asked.list === true ? lastOfList(typed, words) : words;
  // Nobody names the same one twice.
  const left = asked.repeated === true ? listed.filter((word) => !at.args.includes(wordOf(word))) : listed;
  return left.map((word) => `${asked.prefix}${word}`);
}

interface Asked extends FlagValue {
  /** What stands before the value in the same word: "--param=". */
  prefix: string;
  repeated?: boolean;
}

/** undefined where flags or commands are asked for, or what nobody knows. */
function askedAt({ path, args, open, typed, command }: Place): Asked | undefined {
  if (open !== undefined) return { ...(flagValueOf(path, open) ?? NOTHING), prefix: "" };
  const [prefix, joined] = /^(--[a-z-]+)=/.exec(typed) ?? [];
  if (prefix !== undefined) return { ...(flagValueOf(path, joined!) ?? NOTHING), prefix };
  if (typed.startsWith("-")) return undefined;
  const kinds = ARGUMENTS[path] ?? [];
  const declared = command.registeredArguments;
  const repeated = declared.at(-1)?.variadic === true && kinds.length === declared.length;
  const kind = kinds[args.length] ?? (repeated ? kinds.at(-1) : undefined);
  return kind === undefined ? undefined : { words: kind, prefix: "", repeated };
}

const NOTHING: FlagValue = { words: [] };

interface Place {
  command: Command;
  /** "entry show" */
  path: string;
  /** Arguments so far. */
  args: string[];
  /** The flag whose value is being typed. */
  open: string | undefined;
  typed: string;
}

/** undefined behind "--": what stands there is the operation's own. */
function walk(program: Command, words: readonly string[]): Place | undefined {
  const before = words.slice(0, -1);
  if (before.includes("--")) return undefined;
  let command = program;
  const path: string[] = [];
  const args: string[] = [];
  let open: string | undefined;
  for (const word of before) {
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
  return { command, path: path.join(" "), args, open, typed: words.at(-1) ?? "" };
}

function optionsOf(command: Command) {
  const chain: Command[] = [];
  for (let at: Command | null = command; at; at = at.parent) chain.push(at);
  return chain.flatMap((one) => one.options).filter(({ hidden }) => !hidden);
}

function flagsOf(command: Command): string[] {
  return [
    ...optionsOf(command).flatMap(({ long, description }) => (long ? [`${long}\t${description}`] : [])),
    "--help\twhat this command does",
  ];
}

function commandsOf({ command, args }: Place): string[] {
  if (args.length > 0) return [];
  const commands = command.commands.filter((one) => !(one as Command & { _hidden?: boolean })._hidden);
  return commands.map((one) => `${one.name()}\t${one.description()}`);
}

/** Without what it is about. */
export function wordOf(candidate: string): string {
  return candidate.split("\t", 1)[0]!;
}

function byNameOrNewest(left: string, right: string): number {
  const [a, b] = [wordOf(left), wordOf(right)];
  const [older, newer] = [idIn(a), idIn(b)];
  if (older !== undefined && newer !== undefined) return newer - older;
  return a < b ? -1 : 1;
}

/** "17", "--parent=17", "16,17" */
function idIn(word: string): number | undefined {
  const [, id] = /(?:^|[,=])(\d+)$/.exec(word) ?? [];
  return id === undefined ? undefined : Number(id);
}
