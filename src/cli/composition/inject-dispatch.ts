import type { FastifyInstance } from "fastify";
import type { Dispatch, Upload } from "../../client/dispatch.ts";

/** The client's exchanges into a server of this process. An aborted one is let go; the server answers into nothing. */
export function injectDispatch(app: FastifyInstance): Dispatch {
  return ({ method, url, headers, body, upload, download, signal }) =>
    new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason as Error);
      if (signal.aborted) return abort();
      signal.addEventListener("abort", abort, { once: true });
      const { pathname, search } = new URL(url);
      app
        .inject({
          method,
          url: `${pathname}${search}`,
          headers: { ...headers, ...(upload ? lengthOf(upload) : {}) },
          ...(upload ? { payload: upload.open() } : body === undefined ? {} : { payload: body }),
          ...(download ? { payloadAsStream: true } : {}),
        })
        .then(async (answer) => {
          const { statusCode: status } = answer;
          if (download !== true) return resolve({ status, text: answer.payload });
          if (status === 200) return resolve({ status, text: "", bytes: answer.stream() });
          const parts: Uint8Array[] = [];
          for await (const part of answer.stream()) parts.push(part as Uint8Array);
          resolve({ status, text: Buffer.concat(parts).toString("utf8") });
        }, reject)
        .finally(() => signal.removeEventListener("abort", abort));
    });
}

function lengthOf({ size }: Upload): Record<string, string> {
  return { "content-type": "application/octet-stream", "content-length": String(size) };
}
