/** The client of Node programs: the script API with look-ups that are promises. */
import { parseDuration } from "../core/durations.ts";
import { WilcoError } from "../core/errors.ts";
import { parsePollPolicy, type PollPolicyInput } from "../domain/poll-policy.ts";
import { createApi } from "./api.ts";
import type { Dispatch } from "./dispatch.ts";
import type { ExecutionTracker } from "./execution-tracker.ts";
import { createNodePort } from "./node-port.ts";
import { createScriptApi, type ScriptApi } from "./script-api.ts";
import { createTransport } from "./transport.ts";
import { dispatchTrusting } from "./trust.ts";

export interface ConnectOptions {
  /** Of the server, e.g. "http://127.0.0.1:7070". Of several servers on one database: "http://a:7070,http://b:7070". */
  url: string;
  token?: string;
  /**
   * Certificates in PEM: authorities that this client trusts besides those that Node trusts, or the server's own when it
   * has signed itself. `readFileSync("ca.pem", "utf8")`
   */
  ca?: string;
  /** Below the settings of calls and of `with()`. */
  poll?: PollPolicyInput;
  /** Default of the option of that name, e.g. "30s". Default: off. */
  requireWorker?: string;
  /** How long a server that does not answer is tried again. Default "30s". */
  retryTime?: string;
  /** false = plain polling: the server is never asked to hold a request. Default true. */
  push?: boolean;
  /** Told of every execution that is started, for programs that report those nobody looked after. */
  tracker?: ExecutionTracker;
  /** Replaces the network, e.g. by the injection of an in-process server. */
  dispatch?: Dispatch;
}

export interface Client extends ScriptApi {
  /** Ends all waits (they reject as `interrupted`) and connections. What was submitted goes on. */
  close(): void;
}

/**
 * A client of one server. Nothing is sent before the first call.
 * @throws WilcoError `invalid_request` or `invalid_policy` for a setting that can't be.
 */
export function connect(options: ConnectOptions): Client {
  const { url, token, poll, requireWorker, retryTime, push, tracker } = options;
  const transport = createTransport({
    url,
    token,
    dispatch: dispatchOf(options),
    retryTime: retryTime === undefined ? undefined : parseDuration(retryTime, "retryTime"),
  });
  const port = createNodePort({
    api: createApi(transport),
    pollDefaults: parsePollPolicy(poll),
    requireWorker: requireWorker === undefined ? undefined : parseDuration(requireWorker, "requireWorker"),
    push,
  });
  const api = createScriptApi({ port, lookup: port.lookup, ...(tracker && { tracker }) });
  return Object.freeze({
    ...api,
    close() {
      port.close();
      transport.close();
    },
  });
}

function dispatchOf({ ca, dispatch }: ConnectOptions): Dispatch | undefined {
  if (ca === undefined) return dispatch;
  if (dispatch === undefined) return dispatchTrusting(ca);
  throw new WilcoError({
    code: "invalid_request",
    message: "ca and dispatch exclude each other",
    hint: "Your own dispatch makes the connections: it is the one to trust the authority.",
  });
}
