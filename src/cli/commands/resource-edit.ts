/** `wilco resources add`, `edit`, `enable`, `disable` and `remove` */
import { readFile } from "node:fs/promises";
import { WilcoError } from "../../core/errors.ts";
import type { Resource } from "../../domain/resource.ts";
import type { ResourceInput, ResourcePatch } from "../../protocol/messages.ts";
import type { Api } from "../../client/api.ts";
import { agreeToRemove, type RemoveFlags } from "../confirm.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument } from "../output/documents.ts";
import { isPersonThere } from "../output/output.ts";
import { readParameters, type RawParameters } from "../parameters.ts";
import { openRemote } from "../remote.ts";
import { connectionOf, patchOfFlags, type ResourceFlags } from "../resource-flags.ts";

export interface AddFlags extends ResourceFlags {
  type: string;
}

export async function addResource(context: Context, name: string, flags: AddFlags): Promise<number> {
  const patch = patchOfFlags(flags);
  const raw = await rawConnection(context, flags);
  const { api } = await openRemote(context);
  const type = await api.type(flags.type);
  const connection = raw ? await connectionOf(raw, type, reveal(api)) : {};
  const existing = await find(api, name);
  if (existing) {
    throw new WilcoError({
      code: "conflict",
      message: `There is a resource ${existing.name} already`,
      hint: `Change it: wilco resources edit ${existing.name}`,
    });
  }
  const added = await api.putResource(name, { ...(patch as ResourceInput), type: flags.type, connection });
  return shown(context, added, `Resource ${added.name} is added.`);
}

/** By flags; without any, in the editor of the person at the terminal. */
export async function editResource(context: Context, name: string, flags: ResourceFlags): Promise<number> {
  const patch = patchOfFlags(flags);
  const raw = await rawConnection(context, flags);
  if (Object.keys(patch).length === 0 && !raw) {
    if (!context.output.interactive || !isPersonThere(process.stdin, context.env)) {
      throw new WilcoError({
        code: "invalid_request",
        message: "It is not said what to change",
        hint: `Give flags: wilco resources edit ${name} --label tier=web`,
      });
    }
    const { api } = await openRemote(context);
    const { editInEditor } = await import("../edit-in-editor.ts");
    const edited = await editInEditor(context, api, await api.resource(name));
    if (!edited) return EXIT.succeeded;
    return shown(context, edited, `Resource ${edited.name} is changed.`);
  }
  const { api } = await openRemote(context);
  const resource = await api.resource(name);
  if (raw) patch.connection = await connectionOf(raw, await api.type(resource.type), reveal(api));
  return change(context, api, resource, patch);
}

export async function switchResource(context: Context, name: string, enabled: boolean): Promise<number> {
  const { api } = await openRemote(context);
  const resource = await api.resource(name);
  const word = enabled ? "enabled" : "disabled";
  if ((resource.availability !== "disabled") === enabled) {
    return shown(context, resource, `Resource ${resource.name} is ${word} already.`);
  }
  const patched = await api.patchResource(resource.name, { enabled }, resource.version);
  return shown(context, patched, `Resource ${patched.name} is ${word}.`);
}

export async function removeResources(context: Context, names: readonly string[], flags: RemoveFlags): Promise<number> {
  const { api } = await openRemote(context);
  // All are looked up before the first is gone: a misspelt name removes nothing.
  const resources: Resource[] = [];
  for (const name of names) resources.push(await api.resource(name));
  const what = resources.map((resource) => resource.name).join(", ");
  if (!(await agreeToRemove(context, what, flags.yes, "The history stays."))) return EXIT.wrongUse;
  for (const { name, version } of resources) {
    await api.deleteResource(name, version);
    context.output.notice(`Resource ${name} is removed.`);
  }
  return EXIT.succeeded;
}

async function change(context: Context, api: Api, resource: Resource, patch: ResourcePatch): Promise<number> {
  const patched = await api.patchResource(resource.name, patch, resource.version);
  const same = patched.version === resource.version;
  return shown(context, patched, `Resource ${patched.name} is ${same ? "as it was" : "changed"}.`);
}

async function shown({ output }: Context, resource: Resource, notice: string): Promise<number> {
  output.notice(notice);
  if (output.format !== "table") await printDocument(output, resource, () => "");
  return EXIT.succeeded;
}

async function rawConnection(context: Context, flags: ResourceFlags): Promise<RawParameters | undefined> {
  if (flags.connection === undefined) return undefined;
  return readParameters({
    params: flags.connection,
    document: undefined,
    argv: null,
    flag: "--connection",
    readFile: (path) => readFile(context.path(path), "utf8"),
    readStdin: () => context.readStdin(),
    env: context.env,
  });
}

function reveal(api: Api): (name: string) => Promise<string> {
  return async (name) => (await api.secret(name)).value;
}

/** undefined when there is none. */
async function find(api: Api, name: string): Promise<Resource | undefined> {
  try {
    return await api.resource(name);
  } catch (error) {
    if (error instanceof WilcoError && error.code === "unknown_resource") return undefined;
    throw error;
  }
}
