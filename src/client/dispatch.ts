/** One HTTP exchange and nothing more: what `transport` repeats, and what an in-process server replaces. */
import { overNetwork, type HttpAnswer, type HttpRequest } from "../core/http/over-network.ts";

export type { HttpAnswer, HttpRequest, Upload } from "../core/http/over-network.ts";

/** Resolves with any answer, whatever its status; rejects when there was none. */
export type Dispatch = (request: HttpRequest) => Promise<HttpAnswer>;

export const dispatchOverNetwork: Dispatch = (request) => overNetwork(request);
