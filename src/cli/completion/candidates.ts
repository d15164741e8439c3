/** Which words may stand where the cursor is: commands and flags of the program, names of the server. */
import type { Command } from "commander";
import type { Known } from "./known.ts";
import { ARGUMENTS, flagValueOf } from "./places.ts";
import { lastOfList, wordsOf, type WordsPlace } from "./words.ts";

/**
 * @param words after `wilco`, the last one being typed.
 * @param profiles names of those on this machine.
 * @returns sorted, each a whole word that begins like it.
 */
export function candidatesOf(
  program: Command,
  words: readonly string[],
  known: Known | undefined,
  profiles: readonly string[] = [],
): string[] {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  // What stands behind "--" is the operation's own.
  if (before.includes("--")) return [];
  const at = walk(program, before);
  const offered = offeredAt(at, { args: at.args, typed, known, profiles });
  return [...new Set(offered)].filter((word) => word.startsWith(typed)).toSorted();
}

function offeredAt(at: Place, place: WordsPlace): readonly string[] {
  const { typed } = place;
  if (at.open !== undefined) return valuesOf(at.path, at.open, place);
  const [, joined, value] = /^(--[a-z-]+)=(.*)$/s.exec(typed) ?? [];
  if (joined !== undefined) {
    return valuesOf(at.path, joined, { ...place, typed: value! }).map((word) => `${joined}=${word}`);
  }
  return typed.startsWith("-") ? flagsOf(at.command) : argumentsOf(at, place);
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

function valuesOf(path: string, flag: string, place: WordsPlace): readonly string[] {
  const value = flagValueOf(path, flag);
  if (!value) return [];
  const words = typeof value.words === "string" ? wordsOf(value.words, place) : value.words;
  return value.list === true ? lastOfList(place.typed, words) : words;
}

function argumentsOf({ command, path }: Place, place: WordsPlace): readonly string[] {
  const commands = command.commands.filter((one) => !(one as Command & { _hidden?: boolean })._hidden);
  if (commands.length > 0 && place.args.length === 0) return commands.map((one) => one.name());
  const kinds = ARGUMENTS[path] ?? [];
  const declared = command.registeredArguments;
  const repeated = declared.at(-1)?.variadic === true && kinds.length === declared.length;
  const kind = kinds[place.args.length] ?? (repeated ? kinds.at(-1) : undefined);
  if (kind === undefined) return [];
  const words = wordsOf(kind, place);
  // Nobody names the same one twice.
  return repeated ? words.filter((word) => !place.args.includes(word)) : words;
}
