/** What every command is given: where to write, the flags all commands have, and the surroundings, none of it global. */
import { resolve } from "node:path";
import { WilcoError } from "../core/errors.ts";
import { suggestion } from "../core/suggest.ts";
import { createOutput, OUTPUT_FORMATS, type Output, type OutputFormat } from "./output/output.ts";

export type Environment = Record<string, string | undefined>;

/** The flags that every command has. */
export interface GlobalFlags {
  server?: string;
  profile?: string;
  tokenFile?: string;
  caFile?: string;
  output?: string;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  utc?: boolean;
}

export interface Context {
  flags: GlobalFlags;
  output: Output;
  env: Environment;
  cwd: string;
  /** All of stdin as text. */
  readStdin(): Promise<string>;
  /** A path as typed, made absolute. */
  path(typed: string): string;
}

/** @throws WilcoError `invalid_request`: unknown output format. */
export async function createContext(flags: GlobalFlags, proc: NodeJS.Process = process): Promise<Context> {
  const output = await createOutput({
    stdout: proc.stdout,
    stderr: proc.stderr,
    env: proc.env,
    format: formatOf(flags),
    quiet: flags.quiet === true,
    verbose: flags.verbose === true,
    utc: flags.utc === true,
  });
  const cwd = proc.cwd();
  return {
    flags,
    output,
    env: proc.env,
    cwd,
    path: (typed) => resolve(cwd, typed),
    async readStdin() {
      const parts: Buffer[] = [];
      for await (const part of proc.stdin) parts.push(part as Buffer);
      return Buffer.concat(parts).toString("utf8");
    },
  };
}

function formatOf(flags: GlobalFlags): OutputFormat {
  if (flags.output === undefined) return flags.json === true ? "json" : "table";
  const format = OUTPUT_FORMATS.find((one) => one === flags.output);
  if (!format) {
    throw new WilcoError({
      code: "invalid_request",
      message: `--output has no format ${JSON.stringify(flags.output)}`,
      hint: suggestion(flags.output, OUTPUT_FORMATS, "formats"),
    });
  }
  if (flags.json === true && format !== "json") {
    throw new WilcoError({
      code: "invalid_request",
      message: `--json and --output ${format} exclude each other`,
      hint: "Leave one of them out.",
    });
  }
  return format;
}
