/** `wilco secrets set`, `list` and `remove` */
import { WilcoError } from "../../core/errors.ts";
import { requireName } from "../../domain/route.ts";
import type { StoredSecret } from "../../protocol/messages.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import { isPersonThere } from "../output/output.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";

/** The value comes from stdin, or is typed unseen: as an argument it would be in the shell's history and in `ps`. */
export async function setSecret(context: Context, name: string): Promise<number> {
  requireName(name, "secret name");
  const value = await readValue(context, name);
  const { api } = await openRemote(context);
  const stored = await api.setSecret(name, value);
  context.output.notice(`Secret ${stored.name} is set.`);
  if (context.output.format !== "table") await printDocument(context.output, stored, () => "");
  return EXIT.succeeded;
}

export async function listSecrets(context: Context): Promise<number> {
  const { api } = await openRemote(context);
  const { items } = await api.secrets();
  const empty = "There are no secrets yet; set one with: wilco secrets set NAME";
  await printList(context.output, items, columnsOf(context.output.utc), empty);
  return EXIT.succeeded;
}

export async function removeSecret(context: Context, name: string): Promise<number> {
  const { api } = await openRemote(context);
  await api.removeSecret(name);
  context.output.notice(`Secret ${name} is removed. What was submitted with it keeps its value.`);
  return EXIT.succeeded;
}

async function readValue(context: Context, name: string): Promise<string> {
  if (isPersonThere(process.stdin, context.env) && context.output.interactive) {
    const { password } = await import("@clack/prompts");
    const typed = await password({ message: `Value of ${name}`, output: process.stderr });
    if (typeof typed === "string" && typed !== "") return typed;
    throw empty(name);
  }
  // `echo value |` ends with a line break that belongs to echo; a key file keeps those inside it.
  const value = (await context.readStdin()).replace(/\r?\n$/, "");
  if (value === "") throw empty(name);
  return value;
}

function empty(name: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `There is no value for the secret ${name} on stdin`,
    hint: `Pipe it in: wilco secrets set ${name} < FILE`,
  });
}

function columnsOf(utc: boolean): Array<Column<StoredSecret>> {
  return [
    { title: "name", cell: (secret) => secret.name, least: 12 },
    { title: "set by", cell: (secret) => secret.updatedBy, spare: 1 },
    { title: "set at", cell: (secret) => formatTime(secret.updatedAt, utc), least: Infinity },
    { title: "created", cell: (secret) => formatTime(secret.createdAt, utc), least: Infinity, spare: 2 },
  ];
}
