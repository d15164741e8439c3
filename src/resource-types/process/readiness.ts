/** Whether a managed process answers. */
import { connect } from "node:net";
import { exchange, isNoAnswer } from "../http-exchange.ts";
import type { ReadyCheck } from "./connection.ts";

/** One look that hangs must not use up the whole time to get ready. */
const LOOK_TIMEOUT = 2_000;

export async function answers(check: ReadyCheck, signal: AbortSignal): Promise<boolean> {
  if (!("url" in check)) return accepts(check.host, check.port, signal);
  try {
    const reply = await exchange({ method: "GET", url: check.url, timeout: LOOK_TIMEOUT, signal });
    return reply.status >= 200 && reply.status < 300;
  } catch (error) {
    if (isNoAnswer(error)) return false;
    throw error;
  }
}

export function describeCheck(check: ReadyCheck): string {
  return "url" in check ? check.url : `${check.host}:${check.port}`;
}

function accepts(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    const end = (accepted: boolean) => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(LOOK_TIMEOUT, () => end(false));
    socket.once("connect", () => end(true));
    // Refused, unreachable, unknown host, aborted: nobody there, for now.
    socket.on("error", () => end(false));
  });
}
