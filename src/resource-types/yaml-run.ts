/** Operations that YAML types declare with `run:`: a command as an argument vector. */
import { WilcoError } from "../core/errors.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { ExitCodeMeaning, RunImplementation } from "../domain/resource-type.ts";
import type { ExecOptions, ExecResult } from "./exec.ts";
import { OperationError } from "./operation-error.ts";
import { matchFields } from "./regex-fields.ts";
import type { OperationContext } from "./sdk.ts";
import { lastLines, tellingLine } from "./tail.ts";
import { fillText, templatePaths, type TemplateScope } from "./template.ts";
import { checkResult, noMatch, templateScope } from "./yaml-context.ts";

/** Results are at most 4 MB; a command that prints more than that is to say so, not to be cut. */
const STDOUT_LIMIT = 4 * 1024 * 1024;

/** Every template is filled in before anything runs, so that a missing value leaves nothing half done. */
export async function runImplementation(
  context: OperationContext,
  implementation: RunImplementation,
  secrets: Record<string, string> = {},
): Promise<unknown> {
  const { argv, options } = filled(implementation, templateScope(context, secrets));
  const isCheck = context.operation === "check";
  const { exitCodes = {} } = implementation;
  const allowFailure = isCheck || Object.keys(exitCodes).map(Number);
  const ended = await context.exec(argv, { ...options, capture: STDOUT_LIMIT, allowFailure });
  const meaning = ended.exitCode === null ? undefined : exitCodes[ended.exitCode];
  if (meaning?.kind === "fails") throw failure(meaning, argv[0]!, ended);
  if (meaning?.kind === "value") return isCheck ? valueOfCheck(meaning.value, ended) : meaning.value;
  if (isCheck && !meaning && ended.exitCode !== 0)
    return checkResult(false, { exitCode: ended.exitCode, signal: ended.signal, reason: whyDown(ended) });
  const result = await resultOf(implementation, ended, argv[0]!, context.signal);
  if (result === null && isCheck && implementation.regex)
    return checkResult(false, { exitCode: ended.exitCode, reason: "what it printed does not match" });
  if (result === null && implementation.regex) throw noMatch(argv[0]!, implementation.regex);
  return isCheck ? checkResult(true, { exitCode: ended.exitCode }, result) : result;
}

function filled(implementation: RunImplementation, scope: TemplateScope): { argv: string[]; options: ExecOptions } {
  const { argv, shell, cwd, env } = implementation;
  if (shell && templatePaths(argv[0] ?? "").length > 0) throw shellTemplate();
  const options: ExecOptions = {
    shell,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, fillText(value, scope)])),
  };
  if (cwd !== null) options.cwd = fillText(cwd, scope);
  // A shell's script is taken as it stands: even \{{ is left to the shell.
  const script = shell ? [argv[0]!] : [];
  return { argv: [...script, ...argv.slice(script.length).map((element) => fillText(element, scope))], options };
}

/** A value inside a shell's text would be run as code, however it is quoted there. */
export function shellTemplate(): WilcoError {
  return new WilcoError({
    code: "invalid_inventory",
    message: "With shell: true the script itself takes no {{…}}, because what a value holds would be run as code.",
    hint: 'Write "$1" in the script and the template as the next element of run, or set it in env.',
  });
}

/** `{ value: down }` is short for what a check says. */
function valueOfCheck(value: Json, ended: ExecResult): JsonObject {
  const { exitCode } = ended;
  if (value === "up") return checkResult(true, { exitCode });
  if (value === "down") return checkResult(false, { exitCode, reason: whyDown(ended) });
  return checkResult(true, { exitCode }, value);
}

/** What a person reads beside "down": how it ended, and what it said last. */
function whyDown({ exitCode, signal, stdout, stderr }: ExecResult): string {
  const how = exitCode === null ? `killed by ${signal ?? "a signal"}` : `exit code ${exitCode}`;
  const last = tellingLine(lastLines(`${stdout}\n${stderr}`, 20));
  return last === undefined ? how : `${how}: ${last.trim()}`;
}

function failure(meaning: ExitCodeMeaning & { kind: "fails" }, program: string, ended: ExecResult): OperationError {
  const lines = lastLines(`${ended.stdout}\n${ended.stderr}`, 20);
  const last = lines.at(-1);
  return new OperationError({
    code: meaning.code,
    message: meaning.message ?? `${program} exited with code ${ended.exitCode}${last === undefined ? "" : `: ${last}`}`,
    hint: meaning.hint ?? undefined,
    details: { exitCode: ended.exitCode, signal: null, lastLines: lines },
  });
}

async function resultOf(
  { result: how, regex }: RunImplementation,
  ended: ExecResult,
  program: string,
  signal: AbortSignal,
): Promise<unknown> {
  const exit: JsonObject = { exitCode: ended.exitCode };
  if (how === "none") return exit;
  if (ended.truncated) {
    throw new OperationError({
      code: "result_too_large",
      message: `${program} printed more than 4 MB, which is the most a result may hold.`,
      hint: "Print less, or declare no result: the output is kept in the entry all the same.",
    });
  }
  if (how === "text") return { ...exit, stdout: ended.stdout };
  if (regex) return matchFields(ended.stdout, regex, { signal });
  try {
    return JSON.parse(ended.stdout) as unknown;
  } catch (error) {
    throw new OperationError({
      code: "invalid_result",
      message: `${program} exited with code 0, but what it printed is not JSON: ${(error as Error).message}.`,
      hint: 'Print one JSON value on stdout and nothing else, or declare result: "text".',
    });
  }
}
