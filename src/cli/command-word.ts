/** The command of a command line, found before anything that could parse it is loaded. */

/** Flags before the command that are followed by a value. */
const VALUED = new Set(["--server", "--profile", "--token-file", "--output", "-o"]);

export function commandWord(argv: readonly string[]): string | undefined {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index]!;
    if (!word.startsWith("-")) return word;
    if (VALUED.has(word)) index++;
  }
  return undefined;
}

export function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes("--help") || argv.includes("-h");
}
