/** `wilco init`: a folder for scripts in which an editor completes resources, operations and parameters. */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { whyUnreadable } from "../../core/file-errors.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { openRemote } from "../remote.ts";
import { SCRIPT_COMPILER_OPTIONS, STRICTNESS } from "../type-check/compiler-options.ts";
import { baseTypes, readLiveTypes, TYPES_FILE } from "../types-file.ts";
import { writeNewFiles } from "../new-files.ts";

const EXAMPLE_FILE = "example.ts";

const EXAMPLE = `// Counts resources by type and availability. Try:
//   wilco run ${EXAMPLE_FILE}
//   wilco run ${EXAMPLE_FILE} "web-*"
import { args, resources, table } from "wilco";

const { selector } = args.parse({ selector: "string?" });
const found = resources(selector);

const counts = new Map<string, { type: string; availability: string; resources: number }>();
for (const { type, availability } of found) {
  const key = \`\${type} \${availability}\`;
  const row = counts.get(key) ?? { type, availability, resources: 0 };
  counts.set(key, { ...row, resources: row.resources + 1 });
}
table([...counts.values()]);

// An operation is a method. Type a dot after one of your resources and see what it can do:
//   await resource("web-1").restart({ graceful: true });
`;

/** Written only where they are missing: a folder of another project may have them. */
const KEPT = ["package.json", ".gitignore"] as const;

/** @throws WilcoError `conflict` when a file that it would write is there already; then nothing was written. */
export async function initCommand(context: Context, name: string): Promise<number> {
  const { output } = context;
  const folder = context.path(name);
  const files: Record<string, string> = {
    "tsconfig.json": `${JSON.stringify({ compilerOptions: { ...SCRIPT_COMPILER_OPTIONS, ...STRICTNESS }, include: ["**/*.ts", "**/*.js"] }, null, 2)}\n`,
    [EXAMPLE_FILE]: EXAMPLE,
    [TYPES_FILE]: "",
    "package.json": packageJson(basename(folder)),
    ".gitignore": "node_modules/\n",
  };
  const there = existingIn(folder);
  const taken = Object.keys(files).filter((file) => there.includes(file) && !isKept(file));
  if (taken.length > 0) {
    throw new WilcoError({
      code: "conflict",
      message: `${folder} has ${taken.join(" and ")} already`,
      hint: `Nothing was written. Name an empty folder, or bring the types up to date with: wilco typegen`,
    });
  }
  const live = await typesOfServer(context);
  files[TYPES_FILE] = live?.text ?? baseTypes();
  const written = Object.keys(files).filter((file) => !there.includes(file));
  writeNewFiles(folder, Object.fromEntries(written.map((file) => [file, files[file]!])));
  for (const file of written) output.write(`+ ${join(relative(context.cwd, folder), file)}\n`);
  tellNext(context, folder, live !== undefined);
  return EXIT.succeeded;
}

function isKept(file: string): boolean {
  return (KEPT as readonly string[]).includes(file);
}

function existingIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${folder} can't be used: ${whyUnreadable(error)}`,
      hint: "Name a folder, or one to be made.",
    });
  }
}

/** Undefined without a server that lets us in: the folder is of use all the same. */
async function typesOfServer(context: Context): Promise<{ text: string } | undefined> {
  try {
    const { api } = await openRemote(context);
    return await readLiveTypes(api);
  } catch (error) {
    const away = ["unreachable", "unavailable", "unauthenticated"];
    if (!(error instanceof WilcoError) || !away.includes(error.code)) throw error;
    context.output.notice(`The types are without your resources: ${error.message}.`);
    return undefined;
  }
}

function tellNext({ output, cwd }: Context, folder: string, live: boolean): void {
  const path = relative(cwd, folder);
  const steps = [
    ...(path === "" ? [] : [`cd ${path}`]),
    "npm install               # TypeScript, for your editor and wilco check",
    ...(live ? [] : ["wilco typegen             # the types of your server's resources"]),
    `wilco check ${EXAMPLE_FILE}`,
    `wilco run ${EXAMPLE_FILE}`,
  ];
  output.notice(`Next:\n${steps.map((step) => `  ${step}`).join("\n")}`);
  if (live) output.notice('Run "wilco typegen" again when resources or resource types have changed.');
}

function packageJson(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const document = {
    ...(name === "" ? {} : { name }),
    private: true,
    type: "module",
    scripts: { check: "wilco check *.ts", types: "wilco typegen" },
    devDependencies: { typescript: ">=5.8" },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
