/** What the declarations of all commands share. */
import { CommanderError, type Command } from "commander";
import type { Context, GlobalFlags } from "../context.ts";

/** Gives a chosen command its context and keeps its exit code. */
export interface Runner {
  run(flags: GlobalFlags, command: (context: Context) => Promise<number>): Promise<void>;
}

export function addGlobalOptions(command: Command): Command {
  return addConnectionOptions(command)
    .option("-o, --output <format>", "table, json, jsonl or yaml")
    .option("--json", "short for --output json")
    .option("--utc", "times in UTC instead of local");
}

/** Those that have nothing to do with how a result is printed. */
export function addConnectionOptions(command: Command): Command {
  return command
    .option(
      "--server <url>",
      "which server, or several: A,B (or WILCO_SERVER, a profile, the local server of wilco up)",
    )
    .option("--profile <name>", "which profile (or WILCO_PROFILE)")
    .option("--token-file <file>", "file that holds the token, - for stdin (or WILCO_TOKEN)")
    .option(
      "--ca-file <file>",
      "trust servers whose certificates these authorities (PEM) signed, too (or WILCO_CA_FILE)",
    )
    .option("-q, --quiet", "no notices")
    .option("-v, --verbose", "what was asked of the server, and stack traces");
}

/** Adds a command with the flags that all commands have. */
export function declare(parent: Command, usage: string, description: string): Command {
  return addGlobalOptions(parent.command(usage).description(description));
}

/** The flags of a command and of those above it; the innermost wins. */
export function flagsOf(command: Command): GlobalFlags {
  const flags: GlobalFlags = {};
  for (let at: Command | null = command; at !== null; at = at.parent) Object.assign(flags, { ...at.opts(), ...flags });
  return flags;
}

/** For flags that can be repeated. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** What stands after `--`, which commander drops; null = there was none. */
export function wordsAfterDashes(program: Command): string[] | null {
  const raw = (program as Command & { rawArgs: string[] }).rawArgs;
  const dashes = raw.indexOf("--");
  return dashes < 0 ? null : raw.slice(dashes + 1);
}

/** The one word there may be. */
export function oneWord(words: readonly string[]): string | undefined {
  if (words.length < 2) return words[0];
  throw new CommanderError(1, "commander.excessArguments", `error: unexpected argument '${words[1]!}'`);
}
