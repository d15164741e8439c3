/** The flags of the pool of scripts, the same on every command that starts a worker. */
import type { Context } from "../context.ts";
import { parseCount } from "../numbers.ts";
import { ceilingOf, type CeilingFlags } from "./script-ceiling.ts";
import type { ScriptPoolOptions } from "./script-worker.ts";

export interface ScriptPoolFlags extends CeilingFlags {
  scripts: string;
}

/** Each has a thread and up to 128 MB: more on one machine is a mistake. */
const MOST_SCRIPTS = 1_000;

/** Empty with `--scripts 0`. @throws WilcoError `invalid_request`. */
export function scriptPoolOf(
  { env, cwd }: Pick<Context, "env" | "cwd">,
  flags: ScriptPoolFlags,
): { scripts?: ScriptPoolOptions } {
  if (flags.scripts === "0") return {};
  return {
    scripts: {
      places: parseCount(flags.scripts, "--scripts", MOST_SCRIPTS),
      ceiling: ceilingOf(flags, cwd),
      env,
    },
  };
}

/** For a process that is started with them. */
export function scriptPoolArguments(flags: ScriptPoolFlags): string[] {
  const each = (flag: string, values: readonly string[] = []) => values.flatMap((value) => [flag, value]);
  return [
    "--scripts",
    flags.scripts,
    ...each("--scripts-allow-env", flags.scriptsAllowEnv),
    ...each("--scripts-allow-read", flags.scriptsAllowRead),
    ...each("--scripts-allow-net", flags.scriptsAllowNet),
  ];
}
