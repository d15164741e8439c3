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
  ];
  const [group, verb, ...rest] = command.split(" ");
  return ["wilco", group, verb, ...where, ...rest].join(" ");
}
