import type { Context } from "./context.ts";

/**
 * A command that a person can paste: it reaches the same server as the one that prints it.
 * @param command without `wilco`: "entry wait 14".
 */
export function commandFor({ flags }: Pick<Context, "flags">, command: string): string {
  const where = [
    ...(flags.server === undefined ? [] : [`--server ${flags.server}`]),
    ...(flags.profile === undefined ? [] : [`--profile ${flags.profile}`]),
    ...(flags.tokenFile === undefined || flags.tokenFile === "-" ? [] : [`--token-file ${flags.tokenFile}`]),
    ...(flags.caFile === undefined ? [] : [`--ca-file ${flags.caFile}`]),
  ];
  const words = command.split(" ");
  // Behind the command itself, which is one word or two.
  const at = words[1] === undefined || words[1].startsWith("-") ? 1 : 2;
  return ["wilco", ...words.slice(0, at), ...where, ...words.slice(at)].join(" ");
}

/** A command as the server names it, with the flags that reach the same server again; a worker has a token of its own. */
export function typedCommand(context: Pick<Context, "flags">, url: string, command: string): string {
  if (!command.startsWith("wilco ")) return command;
  const words = command.slice("wilco ".length);
  return words.startsWith("worker ") ? `${command} --server ${url}` : commandFor(context, words);
}
