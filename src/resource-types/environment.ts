/** What a started process gets as its environment, and whether its working directory is there. */
import { stat } from "node:fs/promises";
import { OperationError } from "./operation-error.ts";

/** Of wilco (WILCO_TOKEN, WILCO_DATABASE_URL), and of libpq for the server whose process the worker may be in (PGPASSWORD). */
const KEPT_BACK = /^(WILCO_|PG)/;

/** The worker's own environment without what may hold credentials of wilco's, then `extra`. */
export function childEnvironment(extra: Record<string, string>): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !KEPT_BACK.test(name)) env[name] = value;
  }
  return Object.assign(env, extra);
}

/** @throws OperationError `bad_cwd`. Without this look, spawn blames the command for a missing directory. */
export async function requireDirectory(cwd: string): Promise<void> {
  const found = await stat(cwd).catch(() => null);
  if (found?.isDirectory()) return;
  throw new OperationError({
    code: "bad_cwd",
    message: `The working directory ${JSON.stringify(cwd)} ${found ? "is not a directory" : "does not exist"} on this worker.`,
    hint: "Correct cwd, or create the directory.",
  });
}

/** @throws OperationError `invalid_command` unless every element is a text that a process can be given. */
export function requireCommand(argv: readonly unknown[]): asserts argv is readonly [string, ...string[]] {
  const at = argv.findIndex((element) => typeof element !== "string" || element.includes("\0"));
  if (at < 0 && argv.length > 0 && argv[0] !== "") return;
  throw new OperationError({
    code: "invalid_command",
    message: at < 0 ? "The command is empty." : `Element ${at} of the command is not a text without NUL.`,
    hint: "A command is a list of texts: the program and its arguments.",
  });
}

/** Why a command could not be started, as an error that says what to do. */
export function spawnError(command: string, error: NodeJS.ErrnoException): OperationError {
  const known: Record<string, [code: string, problem: string, hint: string]> = {
    ENOENT: [
      "command_not_found",
      "was not found on this worker",
      "Install it, correct the name, or write its full path.",
    ],
    EACCES: ["command_not_executable", "may not be executed", "Check its permissions."],
    E2BIG: ["command_too_long", "has arguments too long for this system", "Pass large values through stdin or a file."],
    EAGAIN: [
      "no_more_processes",
      "could not be started: this machine takes no more processes",
      "Try again when it is less busy.",
    ],
  };
  const [code, problem, hint] = known[error.code ?? ""] ?? [
    "spawn_failed",
    `could not be started: ${error.message}`,
    undefined,
  ];
  return new OperationError({
    code,
    message: `The command ${JSON.stringify(command)} ${problem}.`,
    hint,
    cause: error,
  });
}
