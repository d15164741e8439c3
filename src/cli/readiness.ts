/** Whether a server answers and is ready. */
import { exchangeText } from "../client/exchange.ts";
import { paths } from "../protocol/paths.ts";

const ANSWER_LIMIT_MS = 2_000;

/** Not by fetch, which refuses some ports that a server may have (6667). */
export async function isReady(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
    const { status } = await exchangeText({
      method: "GET",
      url: `${url}${paths.ready}`,
      headers: {},
      body: undefined,
      signal,
    });
    return status === 200;
  } catch {
    return false; // nobody there, or not yet
  }
}
