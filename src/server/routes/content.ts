/** The content store. Bytes go through as streams: no body is ever in memory as a whole. */
import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";
import type { ContentStore } from "../../content/store.ts";
import type { Content } from "../../domain/content.ts";
import {
  ByHashSchema,
  ContentQuerySchema,
  PostContentSchema,
  PutContentSchema,
  type ContentQuery,
  type PostContentQuery,
} from "../../protocol/content-schemas.ts";
import { invalid } from "../errors.ts";
import { route, type Asked, type Route, type Shapes } from "../route.ts";

type Hash = { hash: string };
const BYTES = "application/octet-stream";
/** A sender that is silent for so long, ms, has gone. */
const SILENCE = 60_000;
/** What a refused sender still sends is read and dropped for so long, ms: cut off at once, it would not see the answer. */
const LINGER = 5_000;

export function contentRoutes({ content }: { content: ContentStore }): Route[] {
  return [
    route<{ Querystring: ContentQuery }>({
      method: "GET",
      path: "/v1/content",
      access: "viewer",
      summary: "What content there is, the newest first",
      query: ContentQuerySchema,
      answer: { description: "A page of content, without the bytes" },
      handle: ({ query }) => content.list(query),
    }),
    route<{ Querystring: PostContentQuery }>({
      method: "POST",
      path: "/v1/content",
      access: "operator",
      summary: "Store content whose hash is not known beforehand",
      query: PostContentSchema,
      streams: true,
      answer: { status: 201, description: "The content; 200 when the server had it already" },
      handle: (asked, reply) => receive(content, asked, asked.query, reply),
    }),
    route<{ Params: Hash; Querystring: { name: string } }>({
      method: "PUT",
      path: "/v1/content/:hash",
      access: "operator",
      summary: "Store content under its hash",
      params: ByHashSchema,
      query: PutContentSchema,
      streams: true,
      answer: { status: 201, description: "The content; 200 when the server had it already" },
      handle: (asked, reply) => receive(content, asked, { ...asked.query, sha256: asked.params.hash }, reply),
    }),
    route<{ Params: Hash }>({
      method: "HEAD",
      path: "/v1/content/:hash",
      access: "viewer",
      summary: "Whether the server has a content",
      params: ByHashSchema,
      answer: { description: "It has; the length is the content's", contentType: BYTES },
      handle: async ({ params }, reply) => describe(reply, await content.find(params.hash)).send(),
    }),
    route<{ Params: Hash }>({
      method: "GET",
      path: "/v1/content/:hash",
      access: "viewer",
      summary: "The bytes of a content",
      params: ByHashSchema,
      answer: { description: "The bytes", contentType: BYTES },
      handle: async ({ params }, reply) => sendContent(reply, await content.read(params.hash)),
    }),
    route<{ Params: Hash }>({
      method: "DELETE",
      path: "/v1/content/:hash",
      access: "operator",
      summary: "Remove a content that nothing needs",
      params: ByHashSchema,
      answer: { status: 204, description: "It is gone" },
      handle: async ({ params }, reply) => {
        await content.remove(params.hash);
        return reply.code(204).send();
      },
    }),
  ];
}

export function sendContent(reply: FastifyReply, { content, bytes }: { content: Content; bytes: Readable }) {
  return describe(reply, content).send(bytes);
}

function describe(reply: FastifyReply, { sha256, size, name }: Content): FastifyReply {
  return reply
    .header("content-type", BYTES)
    .header("content-length", size)
    .header("etag", `"${sha256}"`)
    .header("x-content-type-options", "nosniff")
    .header("content-disposition", `attachment; filename*=UTF-8''${encodeURIComponent(name)}`);
}

async function receive(
  content: ContentStore,
  { body, headers, principal }: Asked<Shapes>,
  announced: PostContentQuery,
  reply: FastifyReply,
) {
  const length = headers["content-length"];
  const size = announced.size ?? (length === undefined ? undefined : Number(length));
  try {
    content.admit({ ...announced, size });
    if (!(body instanceof Readable)) throw invalid("There is no content in the request", `Send the bytes as ${BYTES}.`);
    const { added, content: stored } = await content.put(principal.name, { ...announced, size }, pieces(body));
    return await reply.code(added ? 201 : 200).send(stored);
  } catch (error) {
    if (body instanceof Readable && !body.readableEnded && !body.destroyed) linger(body);
    throw error;
  }
}

async function* pieces(body: Readable): AsyncGenerator<Uint8Array> {
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    body.destroy();
  }, SILENCE);
  try {
    // Not destroyed when the store has refused it: the answer goes over the same connection.
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      timer.refresh();
      yield chunk as Uint8Array;
      timer.refresh();
    }
    if (silent) throw brokenOff();
  } catch (error) {
    throw (error as { code?: unknown }).code === "ECONNRESET" || silent ? brokenOff(error) : error;
  } finally {
    clearTimeout(timer);
  }
}

function brokenOff(cause?: unknown) {
  return invalid("The content broke off before its end: nothing of it was kept", "Send it again.", cause);
}

function linger(body: Readable): void {
  const timer = setTimeout(() => body.destroy(), LINGER);
  body.once("close", () => clearTimeout(timer));
  body.on("error", () => {}); // it is refused already
  body.resume();
}
