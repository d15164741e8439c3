/** Calls of the Docker Engine's HTTP API over its unix socket. */
import { request, type IncomingMessage } from "node:http";
import { messageOf } from "../../core/errors.ts";
import { OperationError } from "../operation-error.ts";
import type { OperationContext } from "../sdk.ts";

export const DEFAULT_SOCKET = "/var/run/docker.sock";

export interface EngineRequest {
  method?: "GET" | "POST" | "DELETE";
  path: string;
  query?: Record<string, string>;
  body?: unknown;
  /** Statuses that are an answer besides 2xx, e.g. 304: it was so already. */
  also?: readonly number[];
}

/** An answer that is small: read whole. */
export interface EngineAnswer {
  status: number;
  /** null when there was no body. */
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

/** Lists of thousands of containers are some MB; more is nothing that an operation should have in memory. */
const BODY_LIMIT = 32 * 1024 * 1024;

/**
 * @throws OperationError `docker_unreachable` (source system), `no_such_object` (404), `docker_conflict` (409),
 *   `docker_refused` (other 4xx), `docker_failed` (5xx), all with the engine's own words; the abort's reason.
 */
export async function callEngine(context: OperationContext, what: EngineRequest): Promise<EngineAnswer> {
  const response = await openEngine(context, what);
  const text = await readText(response);
  return { status: response.statusCode!, body: text === "" ? null : parsed(text, what) };
}

/** The same with an answer that comes bit by bit. */
export async function openEngine(context: OperationContext, what: EngineRequest): Promise<IncomingMessage> {
  const { signal } = context;
  signal.throwIfAborted();
  const response = await send(context, what).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unreachable(socketOf(context), error);
  });
  const status = response.statusCode ?? 0;
  if ((status >= 200 && status < 300) || what.also?.includes(status)) return response;
  throw refusal(status, messageIn(await readText(response)), what);
}

function send(
  context: OperationContext,
  { method = "GET", path, query, body }: EngineRequest,
): Promise<IncomingMessage> {
  const search = query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath: socketOf(context),
        method,
        // Without a version in the path the engine takes its own: the calls made here are the same in all of them.
        path: `${path}${search}`,
        headers: { host: "docker", ...(sent === undefined ? {} : { "content-type": "application/json" }) },
        signal: context.signal,
        agent: false,
      },
      resolve,
    );
    call.once("error", reject);
    call.end(sent);
  });
}

export function socketOf({ resource }: Pick<OperationContext, "resource">): string {
  return (resource.connection["socket"] as string | undefined) ?? DEFAULT_SOCKET;
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT)
      throw new OperationError({ code: "result_too_large", message: "The engine's answer is larger than 32 MB." });
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** `/_ping` answers with a word, all else with JSON. */
function parsed(text: string, { path }: EngineRequest): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (path === "/_ping") return text;
    throw new OperationError({
      code: "docker_failed",
      message: `The engine's answer to ${path} is not JSON: ${messageOf(error)}.`,
      hint: "Is it a Docker Engine that listens on the socket?",
    });
  }
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === "string" && message !== "") return message;
  } catch {
    // A proxy in between answers in words of its own: they are what there is.
  }
  return text.trim().slice(0, 500) || "it gave no reason";
}

function refusal(status: number, message: string, { path }: EngineRequest): OperationError {
  const code =
    { 404: "no_such_object", 409: "docker_conflict" }[status] ?? (status < 500 ? "docker_refused" : "docker_failed");
  const hint = status === 404 ? "Look at what there is with the operation list." : undefined;
  return new OperationError({ code, message: `The engine says: ${message}`, hint, details: { status, path } });
}

const REASONS: Record<string, [why: string, hint: string]> = {
  ENOENT: ["there is no such socket", "Is Docker installed and running on this worker's machine?"],
  ECONNREFUSED: ["nobody listens on it", "Start the engine: systemctl start docker"],
  EACCES: ["the worker may not use it", "Put the worker's user into the group docker, or set connection.socket."],
};

function unreachable(socket: string, error: unknown): OperationError {
  const [why, hint] = REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? [messageOf(error), undefined];
  return new OperationError({
    code: "docker_unreachable",
    message: `The Docker Engine at ${socket} can't be reached: ${why}.`,
    hint,
    source: "system",
    cause: error,
  });
}
