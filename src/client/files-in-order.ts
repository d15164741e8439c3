/** Files of calls, sent before the calls are filed. */
import { WilcoError } from "../core/errors.ts";
import type { ContentRef } from "../domain/content.ts";
import type { Call, RequestCall } from "./port.ts";

/**
 * Calls with their files sent. Those made while one is being sent wait for it: calls are filed in the order in which
 * they were made.
 */
export function createInOrder(send: (path: string) => Promise<ContentRef>) {
  let before: Promise<unknown> | undefined;

  async function sent<C extends Call | RequestCall>(call: C): Promise<C> {
    const { files, ...rest } = call;
    if (files === undefined) return call;
    const parameters = { ...call.parameters };
    for (const name of files) {
      const value = parameters[name] as { file?: unknown } | undefined;
      if (typeof value?.file !== "string") throw noFile(name);
      parameters[name] = await send(value.file);
    }
    return { ...rest, parameters } as unknown as C;
  }

  return async <C extends Call | RequestCall>(call: C): Promise<C> => {
    if (call.files === undefined && before === undefined) return call;
    const own = sent(call);
    const turn = (before ?? Promise.resolve()).then(() => own);
    // A file that can't be sent holds up none of those after it.
    const done = turn.then(
      () => {},
      () => {},
    );
    before = done;
    try {
      return await turn;
    } finally {
      if (before === done) before = undefined;
    }
  };
}

function noFile(name: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${JSON.stringify(name)} is not a file`,
    hint: 'Write file("dist/app.tgz").',
  });
}
