/** `wilco types check PATH…` and `wilco types test [DIR]` */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { formatDuration, parseDuration } from "../../core/durations.ts";
import { WilcoError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { libraryUrl, testHooksUrl } from "../library-file.ts";
import { printValue } from "../output/documents.ts";
import { checkTypes, type TypeProblem } from "../types/check-types.ts";

export interface CheckTypesFlags {
  timeout: string;
}

export async function checkTypesCommand(
  context: Context,
  typed: readonly string[],
  flags: CheckTypesFlags,
): Promise<number> {
  const { output } = context;
  const { problems, types, files } = await checkTypes(typed, context.cwd, {
    library: libraryUrl(),
    timeout: parseDuration(flags.timeout, "--timeout"),
    onSlow(file, timeout) {
      if (!output.interactive) return;
      const name = relative(context.cwd, file);
      output.notice(`${name} does not come to its end; it gets ${formatDuration(timeout)} (--timeout).`);
    },
  });
  if (output.format !== "table") await printValue(output, { problems, types });
  else for (const problem of problems) output.write(lineOf(problem));
  if (files === 0) {
    throw new WilcoError({
      code: "invalid_request",
      message: `There are no resource types in ${typed.join(", ")}`,
      hint: "Their files end in .yaml, .yml, .ts, .js or .mjs; begin one with: wilco types new NAME",
    });
  }
  const what = `${types.length === 1 ? "1 type" : `${types.length} types`} in ${files === 1 ? "1 file" : `${files} files`}`;
  if (problems.length === 0) output.notice(`Nothing is wrong with ${what}.`);
  else output.notice(problems.length === 1 ? "1 thing is wrong." : `${problems.length} things are wrong.`);
  return problems.length === 0 ? EXIT.succeeded : EXIT.wrongUse;
}

function lineOf({ file, line, column, path, message, hint }: TypeProblem): string {
  const where = line === null ? file : `${file}:${line}:${column}`;
  return `${where}: ${path === "" ? "" : `${path}: `}${message}${hint === null ? "" : `\n  ${hint}`}\n`;
}

const TEST = /\.(test|spec)\.(ts|js|mjs)$/;

/** Runs them with Node's own test runner, which finds this wilco under its name. */
export async function testTypesCommand(context: Context, typed: string): Promise<number> {
  const path = context.path(typed);
  const files = testFiles(path);
  if (files.length === 0) {
    throw new WilcoError({
      code: "invalid_request",
      message: `There is no test in ${typed}`,
      hint: "Tests are files such as cache.test.ts; wilco types new NAME writes one with the type.",
    });
  }
  const names = files.map((file) => relative(context.cwd, file));
  const child = spawn(process.execPath, ["--import", testHooksUrl(), "--test", "--test-reporter=spec", ...names], {
    cwd: context.cwd,
    stdio: "inherit",
    // Warnings about what Node finds experimental are nothing that an author of tests can do something about.
    env: { ...context.env, NODE_NO_WARNINGS: "1" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code === 0 ? EXIT.succeeded : EXIT.failed;
}

function testFiles(path: string): string[] {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (!kind)
    throw new WilcoError({ code: "invalid_request", message: `${path} is not there`, hint: "Check the path." });
  if (kind.isFile()) return [path];
  return readdirSync(path)
    .filter((name) => TEST.test(name))
    .toSorted()
    .map((name) => join(path, name));
}
