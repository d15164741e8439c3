/** The server a command talks to: over the network, or in this process with `--local`. */
import { join } from "node:path";
import { createApi, type Api } from "../client/api.ts";
import { dispatchOverNetwork, type Dispatch } from "../client/dispatch.ts";
import { createTransport } from "../client/transport.ts";
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { readTraceparent } from "../core/trace-context.ts";
import { readOwner } from "../database/owner.ts";
import type { Me } from "../protocol/messages.ts";
import { LOCAL_SERVER_IN, resolveConnection, type Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { dataDirOf, SERVER_LOG_FILE } from "./data-dir.ts";

export interface Remote {
  api: Api;
  connection: Connection;
  me: Me;
  /** Replaces the network with `--local`; undefined otherwise. */
  dispatch: Dispatch;
  /** The server is in this process. */
  local: boolean;
  /** With `--local`: lets running operations end, then stops the server. Idempotent. */
  close(): Promise<void>;
}

export interface LocalFlags {
  local?: boolean;
  dataDir?: string;
  inventory?: string;
}

/** A server that is not there is said at once: the first request is repeated this long only, ms. */
const FIRST_PATIENCE_MS = 1_000;

/**
 * The server that flags, variables and profiles name, reached and accepted.
 * @throws WilcoError `unreachable`, `unauthenticated`.
 */
export async function openRemote(context: Context, dataDir?: string): Promise<Remote> {
  const connection = await resolveConnection(context, dataDir ?? dataDirOf(context, undefined));
  return openConnection(context, connection, dispatchOverNetwork, async () => {}, false);
}

/** As `openRemote`, or with `--local` a server of its own, with the inventory applied. */
export async function openForWork(context: Context, flags: LocalFlags, signal?: AbortSignal): Promise<Remote> {
  if (flags.local !== true) {
    if (flags.inventory !== undefined) {
      throw new WilcoError({
        code: "invalid_request",
        message: "--inventory is for --local",
        hint: 'Use "wilco apply FILE" for a running server.',
      });
    }
    return openRemote(context, flags.dataDir === undefined ? undefined : dataDirOf(context, flags.dataDir));
  }
  if (context.flags.server !== undefined || context.flags.profile !== undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--local and --server or --profile exclude each other",
      hint: "Leave one of them out.",
    });
  }
  const { startLocalServer } = await import("./composition/local-server.ts");
  const local = await startLocalServer(context, flags, signal);
  const connection = { url: local.url, token: local.adminToken, from: "--local", poll: {} };
  return openConnection(context, connection, local.dispatch, () => local.stop(), true);
}

async function openConnection(
  context: Context,
  connection: Connection,
  dispatch: Dispatch,
  close: () => Promise<void>,
  local: boolean,
): Promise<Remote> {
  const traced = tracedDispatch(dispatch, context);
  const told = context.output.verbose ? tellingDispatch(traced, context) : traced;
  const { url, token } = connection;
  const patience = context.env["WILCO_RETRY_TIME"];
  const retryTime = patience === undefined || patience === "" ? undefined : parseDuration(patience, "WILCO_RETRY_TIME");
  const api = createApi(createTransport({ url, token, dispatch: told, retryTime }));
  try {
    const me = await api.me({ retryTime: FIRST_PATIENCE_MS });
    return { api, connection, me, dispatch: told, local, close };
  } catch (error) {
    await close();
    throw explained(error, connection);
  }
}

/** Where the address came from is what a person needs to know first when nothing answers there. */
function explained(error: unknown, connection: Connection): unknown {
  if (!(error instanceof WilcoError) || error.code !== "unreachable") return error;
  const local = connection.from.startsWith(LOCAL_SERVER_IN);
  // What answers, though not as it should, has not ended.
  const { permanent } = error.details as { permanent?: boolean };
  const hint =
    local && permanent !== true
      ? hintOnLocal(connection.from.slice(LOCAL_SERVER_IN.length))
      : `The address is from ${local ? "the " : ""}${connection.from}. ${error.hint ?? ""}`.trim();
  return new WilcoError({ code: error.code, message: error.message, hint, details: error.details, cause: error });
}

/** What its owner's file says of a local server that does not answer. */
function hintOnLocal(dataDir: string): string {
  const pid = readOwner(dataDir)?.pid;
  if (pid === undefined || !isAlive(pid)) return "The local server has ended. Start it again with: wilco up";
  return `The local server, process ${pid}, is there and does not answer: look at ${join(dataDir, SERVER_LOG_FILE)}. If it is stuck, kill -9 ${pid} and "wilco up" lose nothing that was answered.`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** TRACEPARENT, which CI systems set, makes what is submitted a part of their trace. */
function tracedDispatch(dispatch: Dispatch, { env }: Context): Dispatch {
  const traceparent = readTraceparent(env["TRACEPARENT"]);
  if (traceparent === null) return dispatch;
  return (request) => dispatch({ ...request, headers: { ...request.headers, traceparent } });
}

/** `--verbose`: what was asked of the server and how long it took. */
function tellingDispatch(dispatch: Dispatch, { output }: Context): Dispatch {
  return async (request) => {
    const started = performance.now();
    const took = () => `${(performance.now() - started).toFixed(1)} ms`;
    try {
      const answer = await dispatch(request);
      output.detail(output.paintErr.dim(`${request.method} ${request.url} → ${answer.status} (${took()})`));
      return answer;
    } catch (error) {
      output.detail(output.paintErr.dim(`${request.method} ${request.url} → no answer (${took()})`));
      throw error;
    }
  };
}
