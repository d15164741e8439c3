/** A resource as YAML in the person's editor, until the server takes it or the person gives up. Nothing typed is lost. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Api } from "../client/api.ts";
import { WilcoError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { parseYaml } from "../core/yaml-file.ts";
import type { Resource } from "../domain/resource.ts";
import type { ResourceInput } from "../protocol/messages.ts";
import { confirm } from "./confirm.ts";
import type { Context } from "./context.ts";
import { sentence } from "./output/error-text.ts";

const KEYBOARD_SIGNALS = ["SIGINT", "SIGQUIT"] as const;
/** Of the note and of the reason why the text was refused. */
const LINES_ABOVE = 3;
const NOTE = `# Save and close to change the resource; an unchanged file changes nothing. ******** keeps a secret as it is.
`;

/** @returns undefined when nothing was changed. @throws WilcoError what refused it, naming the file that has the text. */
export async function editInEditor(context: Context, api: Api, resource: Resource): Promise<Resource | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "wilco-edit-"));
  const file = join(directory, `${resource.id}.yaml`);
  const before = stringify(editable(resource), { lineWidth: 0 });
  // Readable by this person alone: connections name hosts and users.
  await writeFile(file, NOTE + before, { mode: 0o600 });
  let keep = false;
  /** What was typed stays where it is. */
  const givenUp = (error: WilcoError): WilcoError => {
    keep = true;
    const told = error.hint === undefined ? "" : `${sentence(error.hint)}\n  `;
    return new WilcoError({ ...error.toBody(), hint: `${told}Your text is in ${file}`, cause: error });
  };
  try {
    for (;;) {
      const ended = await openEditor(context, file);
      const text = withoutNotes(await readFile(file, "utf8"));
      const same = text.trim() === before.trim() || text.trim() === "";
      if (ended) throw same ? ended : givenUp(ended);
      if (same) {
        context.output.notice(`Resource ${resource.name} is as it was.`);
        return undefined;
      }
      try {
        return await api.putResource(resource.name, await documentOf(text), resource.version);
      } catch (error) {
        if (!(error instanceof WilcoError)) throw error;
        // What someone else has changed meanwhile is not to be overwritten by trying again.
        if (error.code === "precondition_failed") throw givenUp(error);
        await writeFile(file, `${NOTE}${commented(error)}${text}`);
        context.output.warn(refusal(error));
        if (!(await confirm(context, "Edit it again?"))) {
          throw givenUp(new WilcoError({ code: error.code, message: `Resource ${resource.name} is as it was` }));
        }
      }
    }
  } finally {
    if (!keep) await rm(directory, { recursive: true, force: true });
  }
}

function editable(resource: Resource): Record<string, unknown> {
  const { type, zone, worker, labels, parent, description, connection, checkEvery, metricsEvery } = resource;
  const enabled = resource.availability !== "disabled";
  return { type, zone, worker, parent, description, labels, connection, checkEvery, metricsEvery, enabled };
}

/** Lines are counted as the file has them when it is opened again, with the reason above the text. */
async function documentOf(text: string): Promise<ResourceInput> {
  const { value } = await parseYaml("\n".repeat(LINES_ABOVE) + text, "The text");
  if (isJsonObject(value)) return value as unknown as ResourceInput;
  throw new WilcoError({
    code: "invalid_request",
    message: "The text is not an object with the keys of a resource",
    hint: "Write type: …, zone: … and what else it has, each in a line of its own.",
  });
}

function refusal({ message, hint }: WilcoError): string {
  return `Not changed: ${sentence(message)}${hint === undefined ? "" : `\n  ${hint}`}`;
}

/** Two lines. */
function commented({ message, hint }: WilcoError): string {
  return [message, hint ?? ""].map((line) => `#! ${line.replaceAll(/\s+/g, " ")}\n`).join("");
}

function withoutNotes(text: string): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => !line.startsWith("#"));
  return first < 0 ? "" : lines.slice(first).join("\n");
}

/** @returns what went wrong. */
async function openEditor(context: Context, file: string): Promise<WilcoError | undefined> {
  const editor = context.env["VISUAL"] || context.env["EDITOR"] || "vi";
  const child = startEditor(context, editor, file);
  // The terminal sends them to both; what they mean is the editor's to say, and it must not be left without its parent.
  const ignore = () => {};
  for (const signal of KEYBOARD_SIGNALS) process.on(signal, ignore);
  try {
    const end = await new Promise<string | number>((resolve) => {
      child.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? "an error"));
      child.once("exit", (code, signal) => resolve(signal ?? code ?? 1));
    });
    if (end === 0) return undefined;
    // 127 is how a shell says it.
    const missing = end === "ENOENT" || end === 127;
    const how = end === "ENOENT" ? "is not there" : `ended with ${typeof end === "number" ? `code ${end}` : end}`;
    return new WilcoError({
      code: "invalid_request",
      message: `The editor (${editor}) ${how}, so nothing was changed`,
      hint: missing ? "Set EDITOR to one that is there, or give flags." : undefined,
    });
  } finally {
    for (const signal of KEYBOARD_SIGNALS) process.off(signal, ignore);
  }
}

/**
 * `EDITOR` may have arguments ("code --wait"). What only a shell can take apart is left to one, as git does: a shell that
 * stands between would end by a Ctrl-C that the editor survives.
 */
function startEditor(context: Context, editor: string, file: string): ChildProcess {
  if (/[|&;<>()$`\\"'*?[#~=%\n]/.test(editor))
    return spawn(`${editor} "$WILCO_EDIT_FILE"`, {
      shell: true,
      stdio: "inherit",
      env: { ...context.env, WILCO_EDIT_FILE: file },
    });
  const [program = "", ...args] = editor.trim().split(/\s+/);
  return spawn(program, [...args, file], { stdio: "inherit", env: context.env });
}
