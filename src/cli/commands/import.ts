/** `wilco import FILE|-` and `wilco import -- COMMAND…`: resources that another system knows, as a plan and then applied. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { messageOf, WilcoError } from "../../core/errors.ts";
import type { JsonSchema } from "../../core/json.ts";
import { listedProblems } from "../../core/yaml-places.ts";
import type { InventoryDocument } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import type { Imported, ImportProblem } from "../import/imported.ts";
import { IMPORT_FORMATS, readImport, type ImportFormat, type ImportSource } from "../import/read-import.ts";
import { importedDocument, placesOf, type ImportOptions } from "../import/to-document.ts";
import { openRemote, type Remote } from "../remote.ts";
import { sendPlan } from "../send-plan.ts";
import { whyUnreadable } from "../../core/file-errors.ts";

export interface ImportFlags {
  from?: string;
  type: string;
  zone?: string;
  label?: string[];
  prefix: string;
  vars?: string[];
  dryRun?: boolean;
}

/** @param command what stands after `--`: it is run, and what it prints is imported. null = there was no `--`. */
export async function importCommand(
  context: Context,
  file: string | undefined,
  command: readonly string[] | null,
  flags: ImportFlags,
): Promise<number> {
  const from = formatOf(flags.from);
  const options: ImportOptions = {
    type: flags.type,
    zone: flags.zone,
    labels: labelsOf(flags.label ?? []),
    prefix: flags.prefix,
  };
  const source = await readSource(context, file, command);
  const vars = (flags.vars ?? []).flatMap((names) => names.split(",")).map((name) => name.trim());
  const imported = await readImport(source, from, vars);
  const remote = await openRemote(context);
  const document = await importedDocument(imported, options, typeReader(remote));
  const { problems } = imported;
  if (problems.length > 0) {
    // What the server would say of the rest is told along: all that is wrong at once.
    const more = imported.resources.size === 0 ? [] : await problemsOf(remote, document, imported, options.prefix);
    throw refused(source.named, [...problems, ...more]);
  }
  for (const notice of imported.notices) context.output.notice(`${context.output.paintErr.yellow("note:")} ${notice}`);
  try {
    return await sendPlan(context, remote.connection.url, () =>
      remote.api.apply({ ...document, dryRun: flags.dryRun === true }),
    );
  } catch (error) {
    const placed = placedProblems(error, imported, options.prefix);
    throw placed === null ? error : refused(source.named, placed, error);
  }
}

function formatOf(from: string | undefined): ImportFormat | undefined {
  const known = IMPORT_FORMATS.find((format) => format === from);
  if (from === undefined || known !== undefined) return known;
  throw wrongUse(`--from ${from} is not a format`, `Formats are ${IMPORT_FORMATS.join(", ")}.`);
}

function labelsOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((label) => {
      const at = label.indexOf("=");
      if (at > 0) return [label.slice(0, at), label.slice(at + 1)];
      throw wrongUse(`--label ${label} has no value`, "Write --label tier=web");
    }),
  );
}

async function readSource(
  context: Context,
  file: string | undefined,
  command: readonly string[] | null,
): Promise<ImportSource> {
  if ((file === undefined) === (command === null || command.length === 0)) {
    throw wrongUse(
      file === undefined ? "There is nothing to import" : "There is a file and a command to import from",
      "Write wilco import FILE, wilco import - for stdin, or wilco import -- COMMAND ARGS…",
    );
  }
  if (file === undefined) return { named: command!.join(" "), text: await outputOf(context, command!) };
  if (file === "-") return { named: "stdin", text: await context.readStdin() };
  try {
    return { named: file, text: readFileSync(context.path(file), "utf8") };
  } catch (error) {
    throw wrongUse(`${file} can't be read: ${whyUnreadable(error)}`, "Check the path.", error);
  }
}

/** Its stderr is shown as it comes; without success nothing that it printed is believed. */
async function outputOf(context: Context, [program = "", ...args]: readonly string[]): Promise<string> {
  const child = spawn(program, args, { cwd: context.cwd, stdio: ["inherit", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  let ended: [number | null, NodeJS.Signals | null];
  try {
    ended = (await once(child, "close")) as typeof ended;
  } catch (error) {
    throw wrongUse(`${program} can't be run: ${whyNotRun(error)}`, "Check its name and the PATH.", error);
  }
  const [code, signal] = ended;
  if (code === 0) return Buffer.concat(chunks).toString("utf8");
  throw wrongUse(`${program} ended with ${signal ?? `exit code ${code}`}, so nothing is imported`, "See what it said.");
}

function whyNotRun(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such program" : messageOf(error);
}

/** The schema of each type's connection, asked for once. */
function typeReader({ api }: Remote): (type: string) => Promise<JsonSchema | undefined> {
  let types: Promise<Map<string, JsonSchema>> | undefined;
  return async (type) => {
    types ??= api.types().then(({ items }) => new Map(items.map((one) => [one.name, one.connection])));
    // An unknown one is the server's to tell, with the nearest name.
    return (await types).get(type);
  };
}

async function problemsOf(
  { api }: Remote,
  document: InventoryDocument,
  imported: Imported,
  prefix: string,
): Promise<ImportProblem[]> {
  try {
    await api.apply({ ...document, dryRun: true });
    return [];
  } catch (error) {
    const placed = placedProblems(error, imported, prefix);
    if (placed === null) throw error;
    return placed;
  }
}

/** The problems that the server lists, with the lines of what they are about; null for another error. */
function placedProblems(error: unknown, imported: Imported, prefix: string): ImportProblem[] | null {
  const placeOf = placesOf(imported, prefix);
  const listed = listedProblems(error);
  return (
    listed?.map(({ path, message, hint }) => ({
      line: placeOf(path)?.line ?? null,
      message: `${path === "" ? "" : `${path}: `}${message}`,
      hint,
    })) ?? null
  );
}

/** All of them, however many: who mends a file wants to see each line once. */
function refused(named: string, problems: readonly ImportProblem[], cause?: unknown): WilcoError {
  const sorted = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const lines = sorted.map(
    ({ line, message, hint }) => `${named}${line === null ? "" : `:${line}`}: ${message}${hint ? ` (${hint})` : ""}`,
  );
  const what = lines.length === 1 ? `: ${lines[0]!}` : `, ${lines.length} things are wrong:\n  ${lines.join("\n  ")}`;
  return new WilcoError({
    code: "invalid_inventory",
    message: `The import is refused${what}`,
    hint: "Nothing was changed.",
    details: { problems: sorted.map((problem) => ({ ...problem, file: named })) },
    cause,
  });
}

function wrongUse(message: string, hint: string, cause?: unknown): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint, cause });
}
