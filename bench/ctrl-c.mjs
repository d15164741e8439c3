/** Ctrl-C on `while (true) {}` in the shell's session: how long until the line has ended and the next may be typed. */
import { createInteractiveSession } from "../src/sandbox/interactive-session.ts";
import { median, percentile } from "./statistics.mjs";

/** A loop that has run for a moment, so that it is interrupted and not its start. */
const LOOPING_MS = 20;

/** @returns ms: `{ p50, p99, lost }`; `lost` counts the times that the variables did not survive */
export async function measureCtrlC({ times = 100 } = {}) {
  // Nothing of a server is asked for.
  const port = { pollDefaults: {}, requireWorker: undefined };
  const session = createInteractiveSession({
    root: process.cwd(),
    port,
    lookup: port,
    console: () => {},
    onBackground: () => {},
    onFault: (error) => console.error(error),
  });
  try {
    const took = [];
    let lost = 0;
    await session.evaluate("1");
    for (let time = 0; time < times; time++) {
      const ended = session.evaluate("while (true) {}");
      await new Promise((resolve) => setTimeout(resolve, LOOPING_MS));
      const pressed = performance.now();
      session.interrupt();
      const outcome = await ended;
      took.push(performance.now() - pressed);
      if (outcome.kind !== "interrupted" || outcome.lost) lost++;
    }
    return { p50: median(took), p99: percentile(took, 0.99), lost };
  } finally {
    await session.stop();
  }
}
