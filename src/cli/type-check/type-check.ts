/** Type-checks scripts with the user's TypeScript, in a process of its own. Nothing is written beside the scripts. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { baseTypes, findTypesFile, TYPES_FILE } from "../types-file.ts";
import { SCRIPT_COMPILER_OPTIONS, STRICTNESS } from "./compiler-options.ts";
import { explained, readDiagnostics, type Diagnostic } from "./diagnostics.ts";
import { findTypeScript } from "./find-typescript.ts";
import { withRefusals } from "./refusals.ts";

export interface TypeCheck {
  /** In order of file, line, column. */
  diagnostics: Diagnostic[];
  /** The types file that was used; undefined: none was found, so operations and names were not checked. */
  typesFile: string | undefined;
  /** The compiler's version. */
  version: string;
}

export interface TypeCheckOptions {
  /** Absolute paths. */
  files: readonly string[];
  /** The text of a types file, instead of the one in the first script's folder or above it. */
  types?: string | undefined;
}

/** Output of the compiler that is read; a script with more errors than fit has been told enough. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** @throws WilcoError `invalid_request` without a TypeScript that can do it; `internal` when it failed without a reason. */
export async function typeCheck({ files, types }: TypeCheckOptions): Promise<TypeCheck> {
  const folder = dirname(files[0]!);
  const { tsc, version } = findTypeScript(folder);
  // tsc names a linked directory by its real path.
  const own = realpathSync(mkdtempSync(join(tmpdir(), "wilco-check-")));
  try {
    const found = types === undefined ? findTypesFile(folder) : undefined;
    const typesFile = found ?? join(own, TYPES_FILE);
    if (found === undefined) writeFileSync(typesFile, types ?? baseTypes());
    const config = join(own, "tsconfig.json");
    writeFileSync(config, JSON.stringify(configOf([...files, typesFile], found)));
    const answer = await run(tsc, ["-p", config, "--pretty", "false"], folder);
    const names = (): string[] => resourceNamesIn(readFileSync(typesFile, "utf8"));
    const diagnostics = readDiagnostics(answer.output, folder).map((diagnostic) => explained(diagnostic, names));
    if (answer.failed && diagnostics.length === 0) {
      throw new WilcoError({
        code: "internal",
        message: `TypeScript ${version} could not check the scripts`,
        hint: answer.output.trim().slice(0, 2_000) || "It said nothing.",
      });
    }
    return {
      diagnostics: inOrder(withRefusals(diagnostics, files)),
      typesFile: found ?? (types === undefined ? undefined : typesFile),
      version,
    };
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** The strictness is that of the tsconfig.json beside the types file; what the sandbox needs is not a matter of taste. */
function configOf(files: string[], typesFile: string | undefined): object {
  const beside = typesFile === undefined ? undefined : join(dirname(typesFile), "tsconfig.json");
  const theirs = beside !== undefined && existsSync(beside);
  const off = { composite: false, incremental: false, declaration: false };
  return {
    ...(theirs ? { extends: beside } : {}),
    compilerOptions: { ...(theirs ? {} : STRICTNESS), ...SCRIPT_COMPILER_OPTIONS, ...off },
    files,
    // Otherwise inherited: only what was asked for is checked.
    include: [],
    exclude: [],
  };
}

function run(tsc: string, args: string[], cwd: string): Promise<{ output: string; failed: boolean }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, ...args], { cwd, maxBuffer: MAX_OUTPUT }, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, failed: error !== null });
    });
  });
}

function resourceNamesIn(types: string): string[] {
  const section = /interface ResourceNames \{\n {4}"[\s\S]*?\n {2}\}/.exec(types)?.[0] ?? "";
  return [...section.matchAll(/^ {4}("(?:[^"\\]|\\.)*"):/gm)].map((match) => JSON.parse(match[1]!) as string);
}

function inOrder(diagnostics: Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
