/** Files of the command line that an operation takes as content: sent before anything is submitted. */
import { open, stat } from "node:fs/promises";
import type { Api } from "../../client/api.ts";
import { createUploads, describeFile } from "../../client/uploads.ts";
import { WilcoError } from "../../core/errors.ts";
import { contentParameters, type ContentRef } from "../../domain/content.ts";
import type { Context } from "../context.ts";
import type { RawParameters } from "../parameters.ts";
import type { OperationTarget } from "../targets.ts";
import { whyUnreadable } from "../../core/file-errors.ts";

/** Bytes: what can still be a parameter. */
const MOST_TEXT = 1024 * 1024;

/** The text of a file, or null when it is too large to be a parameter. */
export async function readText(path: string): Promise<string | null> {
  const file = await open(path, "r");
  try {
    if ((await file.stat()).size > MOST_TEXT) return null;
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

/**
 * @param main a file for the first parameter that is content, whatever its name (`wilco deploy`).
 * @returns the parameters with that file among them. @throws WilcoError `invalid_parameters`.
 */
export function withMainFile(raw: RawParameters, main: string, targets: readonly OperationTarget[]): RawParameters {
  const names = new Set(targets.map(({ operation }) => contentParameters(operation.parameters)[0]));
  const [name] = names;
  if (names.size > 1 || name === undefined) {
    const without = targets.find(({ operation }) => contentParameters(operation.parameters).length === 0);
    throw new WilcoError({
      code: "invalid_parameters",
      message: without
        ? `${without.resource.type}.${without.operation.name} takes no file`
        : "The types of these resources call the file by different names",
      hint: 'Use "wilco exec SELECTOR deploy --param NAME=@FILE" for each type.',
    });
  }
  const assignments = raw.assignments.filter((one) => one.name !== name);
  return { ...raw, assignments: [...assignments, { name, source: "large file", text: "", path: main }] };
}

/** Each file once, however many parameters and targets name it. */
export async function sendFiles(
  context: Context,
  api: Api,
  raw: RawParameters,
  targets: readonly OperationTarget[],
): Promise<RawParameters> {
  const uploads = createUploads(api);
  return withContent(raw, targets, (path) => uploads.path(context.path(path)));
}

async function withContent(
  raw: RawParameters,
  targets: readonly OperationTarget[],
  contentOf: (path: string) => Promise<ContentRef>,
): Promise<RawParameters> {
  const wanted = new Set(targets.flatMap(({ operation }) => contentParameters(operation.parameters)));
  const assignments = [];
  for (const one of raw.assignments) {
    const isContent = one.path !== undefined && wanted.has(one.name);
    assignments.push(isContent ? { ...one, content: await contentOf(one.path!) } : one);
  }
  return { ...raw, assignments };
}

/** For a dry run: what would be sent. */
export async function describeFiles(
  context: Context,
  raw: RawParameters,
  targets: readonly OperationTarget[],
): Promise<RawParameters> {
  return withContent(raw, targets, (path) => describeFile(context.path(path)));
}

/** @throws WilcoError `invalid_request`. */
export async function requireFile(path: string, written: string): Promise<void> {
  const info = await stat(path).catch(whyUnreadable);
  const why =
    typeof info === "string" ? info : info.isFile() ? (info.size === 0 ? "it is empty" : null) : "it is no file";
  if (why === null) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `${written} can't be deployed: ${why}`,
    hint: "Name a file, e.g. an archive: tar -czf app.tgz -C DIR .",
  });
}
