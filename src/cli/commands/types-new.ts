/** `wilco types new NAME`: a small type that works, with a test. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { isName } from "../../domain/route.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { codeType, resourceOf, testOf, yamlType } from "../types/templates.ts";
import { writeNewFiles } from "../new-files.ts";

export interface NewTypeFlags {
  yaml?: boolean;
  ts?: boolean;
  dir: string;
}

/** @throws WilcoError `conflict` when a file that it would write is there already; then nothing was written. */
export async function newTypeCommand(context: Context, name: string, flags: NewTypeFlags): Promise<number> {
  if (!isName(name) || name.includes("..")) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${JSON.stringify(name)} is not a name for a resource type`,
      hint: "Names are letters, digits, '.', '_' and '-', and start with a letter or digit.",
    });
  }
  if (flags.yaml === true && flags.ts === true) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--yaml and --ts exclude each other",
      hint: "YAML for commands and HTTP calls, TypeScript for the rest.",
    });
  }
  const code = flags.ts === true;
  const folder = context.path(flags.dir);
  const source = code ? `${name}.ts` : `${name}.yaml`;
  const files: Record<string, string> = code
    ? { [source]: codeType(name), [`${name}.test.ts`]: testOf(name, true), [`${name}.resource.yaml`]: resourceOf(name) }
    : { [source]: `${yamlType(name)}${resourceOf(name)}`, [`${name}.test.ts`]: testOf(name, false) };
  const taken = Object.keys(files).filter((file) => existsSync(join(folder, file)));
  if (taken.length > 0) {
    throw new WilcoError({
      code: "conflict",
      message: `${flags.dir} has ${taken.join(" and ")} already`,
      hint: "Nothing was written. Choose another name, or another directory with --dir.",
    });
  }
  writeNewFiles(folder, files);
  const place = relative(context.cwd, folder) || ".";
  for (const file of Object.keys(files)) context.output.write(`+ ${join(place, file)}\n`);
  const steps = [
    `wilco types check ${place}`,
    `wilco types test ${place}`,
    ...(code
      ? [`wilco up --types ${place}`, `wilco apply ${join(place, `${name}.resource.yaml`)}`]
      : ["wilco up", `wilco apply ${join(place, source)}`]),
    `wilco exec ${name}-1 usage`,
  ];
  context.output.notice(`Next:\n${steps.map((step) => `  ${step}`).join("\n")}`);
  return EXIT.succeeded;
}
