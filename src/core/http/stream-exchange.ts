/** An exchange whose body, or whose answer, does not fit in memory. Node's own client: fetch would copy every piece twice. */
import { request as overHttp, type ClientRequest, type IncomingMessage } from "node:http";
import { request as overHttps } from "node:https";
import type { HttpAnswer, HttpRequest, Trust } from "./over-network.ts";

/** A connection on which nothing moves for so long, ms, is dead. The server may sync a whole content before it answers. */
const SILENCE = 120_000;

export async function exchangeStream(
  { method, url, headers, body, upload, download = false, signal }: HttpRequest,
  trust?: Trust,
): Promise<HttpAnswer> {
  const make = url.startsWith("https:") ? overHttps : overHttp;
  const length = upload ? { "content-type": "application/octet-stream", "content-length": upload.size } : {};
  // A connection of its own: one that is cut in the middle of an upload is nobody else's.
  const sending = make(url, {
    method,
    headers: { ...headers, ...length },
    signal,
    agent: false,
    timeout: SILENCE,
    ...(trust && { secureContext: trust.secureContext }),
  });
  sending.on("timeout", () => sending.destroy(Object.assign(new Error("nothing moved"), { code: "ETIMEDOUT" })));
  const answer = await answered(sending, upload, body);
  const status = answer.statusCode!;
  if (download && status === 200) return { status, text: "", bytes: answer };
  const parts: Uint8Array[] = [];
  for await (const part of answer) parts.push(part as Uint8Array);
  sending.destroy();
  return { status, text: Buffer.concat(parts).toString("utf8") };
}

function answered(
  sending: ClientRequest,
  upload: HttpRequest["upload"],
  body: string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const source = upload?.open();
    sending.on("response", (answer) => {
      // A server that refuses answers before the end: there is no use in sending the rest.
      source?.destroy();
      resolve(answer);
    });
    sending.on("error", (error) => {
      source?.destroy();
      reject(error);
    });
    if (!source) return void sending.end(body);
    source.on("error", (error) => sending.destroy(error));
    source.pipe(sending);
  });
}
