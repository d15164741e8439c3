/**
 * An exchange of texts over the network, by Node's own client: loading its fetch costs a command 55 ms of processor time,
 * this 6. Connections are kept for the next request and do not keep the process alive.
 */
import { request as overHttp, type ClientRequest } from "node:http";
import type { HttpAnswer, HttpRequest, Trust } from "./over-network.ts";

/** ms until a connection has to be there; longer, and an attempt that is held would notice its server's absence late. */
const CONNECT_TIMEOUT = 10_000;

/** Resolves with any answer; redirects are answers: followed, a POST becomes a GET, and the token goes to another host. */
export async function exchangeText(
  { method, url, headers, body, signal }: HttpRequest,
  trust?: Trust,
): Promise<HttpAnswer> {
  // TLS takes 20 ms to load.
  const secure = url.startsWith("https:");
  const make = secure ? (await import("./over-https.ts")).overHttps : overHttp;
  const sending = make(url, { method, headers, signal, ...(secure && trust && { agent: trust.agent }) });
  limitConnecting(sending, secure ? "secureConnect" : "connect");
  return new Promise((resolve, reject) => {
    sending.on("error", reject);
    sending.on("response", (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (more: string) => (text += more));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode!, text }));
    });
    sending.end(body);
  });
}

function limitConnecting(sending: ClientRequest, connected: "connect" | "secureConnect"): void {
  sending.on("socket", (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => {
      sending.destroy(Object.assign(new Error("the connection timed out"), { code: "CONNECT_TIMEOUT" }));
    }, CONNECT_TIMEOUT);
    const clear = (): void => clearTimeout(timer);
    socket.once(connected, clear);
    socket.once("close", clear);
  });
}
