/** A resource as YAML in the person's editor, until the server takes it or the person gives up. Nothing typed is lost. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Api } from "../client/api.ts";
import { messageOf, WilcoError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import type { Resource } from "../domain/resource.ts";
import type { ResourceInput } from "../protocol/messages.ts";
import { confirm } from "./confirm.ts";
import type { Context } from "./context.ts";

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
  try {
    for (;;) {
      await openEditor(context, file);
      const text = withoutNotes(await readFile(file, "utf8"));
      if (text.trim() === before.trim() || text.trim() === "") {
        context.output.notice(`Resource ${resource.name} is as it was.`);
        return undefined;
      }
      try {
        return await api.putResource(resource.name, documentOf(text), resource.version);
      } catch (error) {
        if (!(error instanceof WilcoError)) throw error;
        keep = true;
        await writeFile(file, `${NOTE}${commented(error)}${text}`);
        context.output.warn(`Not changed: ${error.message}`);
        // What someone else has changed meanwhile is not to be overwritten by trying again.
        if (error.code === "precondition_failed" || !(await confirm(context, "Edit it again?"))) {
          throw new WilcoError({ ...error.toBody(), hint: `Your text is in ${file}`, cause: error });
        }
        keep = false;
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

function documentOf(text: string): ResourceInput {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw new WilcoError({ code: "invalid_request", message: `It is not YAML: ${messageOf(error)}` });
  }
  if (isJsonObject(document)) return document as unknown as ResourceInput;
  throw new WilcoError({ code: "invalid_request", message: "It is not an object with the keys of a resource" });
}

function commented({ message, hint }: WilcoError): string {
  const lines = [message, ...(hint === undefined ? [] : [hint])].join("\n").split("\n");
  return lines.map((line) => `#! ${line}\n`).join("");
}

function withoutNotes(text: string): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => !line.startsWith("#"));
  return first < 0 ? "" : lines.slice(first).join("\n");
}

/** `EDITOR` may have arguments ("code --wait"), as git and others read it: the shell takes it apart. */
async function openEditor(context: Context, file: string): Promise<void> {
  const editor = context.env["VISUAL"] ?? context.env["EDITOR"] ?? "vi";
  const child = spawn(`${editor} "$WILCO_EDIT_FILE"`, {
    shell: true,
    stdio: "inherit",
    env: { ...context.env, WILCO_EDIT_FILE: file },
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (code === 0) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `The editor (${editor}) ended with ${code === null ? "a signal" : `code ${code}`}, so nothing was changed`,
    hint: "Set EDITOR to one that is there, or give flags.",
  });
}
