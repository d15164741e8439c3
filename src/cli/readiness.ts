/** Whether a server answers and is ready. */
import { paths } from "../protocol/paths.ts";

const ANSWER_LIMIT_MS = 2_000;

export async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}${paths.ready}`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false; // nobody there, or not yet
  }
}
