/** The command line as a user has it: a process with exit code, stdout and stderr. */
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startProcess, type Ended, type StartOptions, type TestProcess } from "./processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The file to run with Node. `npm test` builds and sets `WILCO_TEST_CLI=dist`: what is tested is what is shipped. When
 * vitest is run alone it is the source, which can't be stale.
 */
export const CLI_FILE = `${root}${process.env["WILCO_TEST_CLI"] === "dist" ? "dist/cli/bin.js" : "src/cli/bin.ts"}`;

/** What type files import as "wilco", in the same way: a URL. */
export const LIBRARY = pathToFileURL(
  `${root}${process.env["WILCO_TEST_CLI"] === "dist" ? "dist/index.js" : "src/index.ts"}`,
).href;

/** Variables that say how the machine at hand is used; a test says itself what it wants of them. */
const NEUTRAL: Record<string, string | undefined> = {
  CI: undefined,
  GITHUB_ACTIONS: undefined,
  FORCE_COLOR: undefined,
  NO_COLOR: undefined,
  NODE_OPTIONS: undefined,
  WILCO_SERVER: undefined,
  WILCO_TOKEN: undefined,
  WILCO_PROFILE: undefined,
  WILCO_DATABASE_URL: undefined,
};

/** Starts `wilco ARGS…`; it is killed with all it started when the test is over. */
export function startCli(args: readonly string[], options: StartOptions = {}): TestProcess {
  if (!existsSync(CLI_FILE)) throw new Error(`${CLI_FILE} is missing: run "npm run build" first.`);
  return startProcess(process.execPath, [CLI_FILE, ...args], { ...options, env: { ...NEUTRAL, ...options.env } });
}

/** Runs `wilco ARGS…` to its end. */
export function runCli(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  return startCli(args, options).ended;
}
