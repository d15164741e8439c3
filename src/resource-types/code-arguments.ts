/** Arguments that a program runs as code: `sh -c SCRIPT`, `python3 -c CODE`, also behind `sudo`, `env` or `docker exec`. */
import { basename } from "node:path";

/** Which option makes the next argument code. Shells take it among others: `-euc`. */
const CODE_OPTIONS: ReadonlyArray<readonly [program: RegExp, option: RegExp]> = [
  [/^(sh|bash|dash|ash|zsh|ksh|mksh|fish)$/, /^-[a-zA-Z]*c$/],
  [/^python[\d.]*$/, /^-[a-zA-Z]*c$/],
  [/^(perl|ruby)$/, /^-[a-zA-Z]*[eE]$/],
  [/^(node|nodejs|bun|deno)$/, /^(-e|-p|-pe|--eval|--print|eval)$/],
  [/^php[\d.]*$/, /^-r$/],
];

/** The places in `argv` of such arguments. */
export function codeArguments(argv: readonly string[]): number[] {
  return argv.flatMap((word, index) => {
    const option = CODE_OPTIONS.find(([program]) => program.test(basename(word)))?.[1];
    if (!option) return [];
    for (let at = index + 1; at < argv.length - 1; at++) {
      if (option.test(argv[at]!)) return [at + 1];
      // `-o pipefail`: the word after it belongs to it.
      if (/^[-+][a-zA-Z]*[oO]$/.test(argv[at]!)) at += 1;
      else if (!/^[-+]/.test(argv[at]!)) return [];
    }
    return [];
  });
}
