/** `wilco check FILE…`: a type check before anything is touched; also `wilco run --check`. */
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printValue } from "../output/documents.ts";
import { openRemote } from "../remote.ts";
import { scriptFile } from "../script-file.ts";
import { formatDiagnostic, type Diagnostic, type DiagnosticFormat } from "../type-check/diagnostics.ts";
import { typeCheck } from "../type-check/type-check.ts";
import { readLiveTypes, TYPES_FILE } from "../types-file.ts";

export interface CheckFlags {
  live?: boolean;
  anyName?: boolean;
}

export async function checkCommand(context: Context, names: readonly string[], flags: CheckFlags): Promise<number> {
  const { output } = context;
  const files = names.map((name) => scriptFile(context, name));
  let types: string | undefined;
  if (flags.live === true) {
    const { api } = await openRemote(context);
    types = (await readLiveTypes(api, flags.anyName === true)).text;
  } else if (flags.anyName === true) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--any-name is for --live",
      hint: 'Give it to "wilco typegen" when it makes the types file.',
    });
  }
  const { diagnostics, typesFile, version } = await typeCheck({ files, types });
  if (output.format === "table") {
    for (const text of shown(context, diagnostics, { paint: output.paint, width: output.width }))
      output.write(`${text}\n`);
  } else {
    await printValue(output, diagnostics);
  }
  if (typesFile === undefined) noteMissingTypes(context);
  output.notice(summary(diagnostics, files.length, version));
  return diagnostics.length === 0 ? EXIT.succeeded : EXIT.wrongUse;
}

/** For `run --check`. @throws WilcoError `script_invalid` after the errors were written to stderr. */
export async function checkBeforeRun(context: Context, file: string): Promise<void> {
  const { diagnostics, typesFile, version } = await typeCheck({ files: [file] });
  if (typesFile === undefined) noteMissingTypes(context);
  if (diagnostics.length === 0) return;
  const format = { paint: context.output.paintErr, width: process.stderr.columns || Infinity };
  for (const text of shown(context, diagnostics, format)) context.output.warn(text);
  throw new WilcoError({
    code: "script_invalid",
    message: summary(diagnostics, 1, version),
    hint: "Nothing was run.",
  });
}

function shown(context: Context, diagnostics: readonly Diagnostic[], format: DiagnosticFormat): string[] {
  const sources = new Map<string, string>();
  return diagnostics.map((diagnostic) => {
    const source = sources.get(diagnostic.file) ?? readFileSync(diagnostic.file, "utf8");
    sources.set(diagnostic.file, source);
    return formatDiagnostic(diagnostic, relative(context.cwd, diagnostic.file), source, format);
  });
}

function noteMissingTypes({ output }: Context): void {
  output.notice(
    `There is no ${TYPES_FILE} beside the script or above it, so operations and names of resources were not checked.\n` +
      '  Make one with "wilco typegen", or ask the server with "wilco check --live".',
  );
}

function summary(diagnostics: readonly Diagnostic[], files: number, version: string): string {
  const of = `${files === 1 ? "1 script" : `${files} scripts`} (TypeScript ${version})`;
  if (diagnostics.length === 0) return `No errors in ${of}.`;
  return `${diagnostics.length === 1 ? "1 error" : `${diagnostics.length} errors`} in ${of}.`;
}
