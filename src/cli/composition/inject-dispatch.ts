import type { FastifyInstance } from "fastify";
import type { Dispatch } from "../../client/dispatch.ts";

/** The client's exchanges into a server of this process. An aborted one is let go; the server answers into nothing. */
export function injectDispatch(app: FastifyInstance): Dispatch {
  return ({ method, url, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason as Error);
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      const { pathname, search } = new URL(url);
      app
        .inject({ method, url: `${pathname}${search}`, headers, ...(body === undefined ? {} : { payload: body }) })
        .then(({ statusCode, payload }) => resolve({ status: statusCode, text: payload }), reject)
        .finally(() => signal.removeEventListener("abort", abort));
    });
}
