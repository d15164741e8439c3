/** `wilco content list`, `show`, `put`, `get` and `remove` */
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import type { Api } from "../../client/api.ts";
import { createUploads } from "../../client/uploads.ts";
import { formatBytes } from "../../core/bytes.ts";
import { WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { randomId } from "../../core/ids.ts";
import type { Content } from "../../domain/content.ts";
import type { Context } from "../context.ts";
import { requireFile } from "../exec/content.ts";
import { EXIT } from "../exit-codes.ts";
import { printDocument, printList } from "../output/documents.ts";
import type { Column } from "../output/table.ts";
import { formatTime } from "../output/times.ts";
import { openRemote } from "../remote.ts";

export interface ContentListFlags {
  unused?: boolean;
}
export interface ContentGetFlags {
  out?: string;
}

const PAGE = 1_000;
/** Characters of a hash that people read. */
const SHORT = 12;

export async function listContent(context: Context, flags: ContentListFlags): Promise<number> {
  const { api } = await openRemote(context);
  const items: Content[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.contents({
      limit: PAGE,
      ...(flags.unused === true ? { unused: true } : {}),
      ...(cursor === undefined ? {} : { cursor }),
    });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  const empty = flags.unused === true ? "All content is in use." : "There is no content yet; wilco deploy sends some.";
  await printList(context.output, items, columnsOf(context.output.utc), empty);
  return EXIT.succeeded;
}

export async function showContent(context: Context, hash: string): Promise<number> {
  const { api } = await openRemote(context);
  const content = await contentByHash(api, hash);
  await printDocument(context.output, content, () =>
    [
      `${content.name}  ${formatBytes(content.size)}`,
      `SHA-256  ${content.sha256}`,
      `from     ${content.createdBy}, ${formatTime(content.createdAt, context.output.utc)}`,
      "",
    ].join("\n"),
  );
  return EXIT.succeeded;
}

export async function putContent(context: Context, file: string): Promise<number> {
  await requireFile(context.path(file), file);
  const { api } = await openRemote(context);
  const content = await createUploads(api).path(context.path(file));
  await printDocument(context.output, content, () => `${content.sha256}\n`);
  return EXIT.succeeded;
}

export async function getContent(context: Context, hash: string, flags: ContentGetFlags): Promise<number> {
  const { api } = await openRemote(context);
  return retrieve(context, api, await contentByHash(api, hash), flags);
}

export async function removeContent(context: Context, hash: string): Promise<number> {
  const { api } = await openRemote(context);
  const { sha256, name } = await contentByHash(api, hash);
  await api.removeContent(sha256);
  context.output.notice(`Removed ${name} (${sha256.slice(0, SHORT)}).`);
  return EXIT.succeeded;
}

/**
 * To a file that was not there or is whole, or to stdout (`-`). Checked against the hash.
 * @throws WilcoError `invalid_request` for a file that is there and was not named.
 */
export async function retrieve(
  context: Context,
  api: Api,
  content: Pick<Content, "sha256" | "size" | "name">,
  { out: given }: ContentGetFlags,
): Promise<number> {
  if (given === "-") {
    await receive(api, content, () => process.stdout, { end: false });
    return EXIT.succeeded;
  }
  const path = await pathFor(context, content.name, given);
  const beside = `${path}.wilco-${randomId()}`;
  const file = await create(beside, path);
  try {
    await receive(api, content, () => file.createWriteStream());
    await rename(beside, path);
  } finally {
    await file.close();
    await rm(beside, { force: true });
  }
  context.output.notice(`Wrote ${path} (${formatBytes(content.size)}).`);
  return EXIT.succeeded;
}

async function receive(
  api: Api,
  content: Pick<Content, "sha256" | "name">,
  into: () => NodeJS.WritableStream,
  options: { end?: boolean } = {},
): Promise<void> {
  const bytes = Readable.from(await api.readContent(content.sha256), { objectMode: false });
  const hash = createHash("sha256");
  const counting = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(bytes, counting, into(), options);
  requireSame(hash.digest("hex"), content);
}

async function create(beside: string, path: string): Promise<FileHandle> {
  return open(beside, "wx").catch((error: NodeJS.ErrnoException) => {
    throw new WilcoError({
      code: "invalid_request",
      message: `${path} can't be written: ${whyUnwritable(error)}`,
      hint: "Check --out.",
    });
  });
}

/** Only a file that was named is replaced: what is there under the name of the content may be somebody's work. */
async function pathFor(context: Context, name: string, given: string | undefined): Promise<string> {
  const infoOf = (path: string) => stat(path).catch(() => null);
  const asked = context.path(given ?? name);
  const isDirectory = (await infoOf(asked))?.isDirectory() === true;
  const path = isDirectory ? join(asked, name) : asked;
  if ((given === undefined || isDirectory) && (await infoOf(path)) !== null) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${path} is there already`,
      hint: "Name the file to write, with --out FILE; that one is replaced.",
    });
  }
  return path;
}

function requireSame(hash: string, { sha256, name }: Pick<Content, "sha256" | "name">): void {
  if (hash === sha256) return;
  throw new WilcoError({
    code: "content_mismatch",
    message: `${name} arrived damaged: its SHA-256 is ${hash}, not ${sha256}`,
    hint: "Try again; when it happens again, the server's copy is damaged.",
  });
}

/** As short as it is unique, as people copy it from a list. */
async function contentByHash(api: Api, hash: string): Promise<Content> {
  if (!/^[0-9a-f]{4,64}$/.test(hash)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${JSON.stringify(hash)} is not the beginning of a SHA-256`,
      hint: 'Write at least 4 hexadecimal digits of it; "wilco content list" shows them.',
    });
  }
  const { items } = await api.contents({ sha256: hash, limit: 2 });
  const [content, another] = items;
  if (another) {
    throw new WilcoError({
      code: "invalid_request",
      message: `Several contents begin with ${hash}`,
      hint: "Write more of the SHA-256.",
    });
  }
  if (content) return content;
  throw new WilcoError({
    code: "unknown_content",
    message: `The server has no content that begins with ${hash}`,
    hint: '"wilco content list" shows what there is.',
  });
}

function columnsOf(utc: boolean): Array<Column<Content>> {
  return [
    { title: "sha-256", cell: ({ sha256 }) => sha256.slice(0, SHORT), least: Infinity },
    { title: "name", cell: ({ name }) => name, least: 12 },
    { title: "size", cell: ({ size }) => formatBytes(size), least: Infinity },
    { title: "from", cell: ({ createdBy }) => createdBy, spare: 2 },
    { title: "at", cell: ({ createdAt }) => formatTime(createdAt, utc), least: Infinity, spare: 1 },
  ];
}
