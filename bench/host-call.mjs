/** A host call from the sandbox: 300 bytes of JSON there, an answer back, 10,000 at once; the bridge and nothing behind it. */
import { createInteractiveSession } from "../src/sandbox/interactive-session.ts";
import { median } from "./statistics.mjs";

/** @returns µs a call: `{ concurrent }`, the median of some rounds after a first that warms the VM up */
export async function measureHostCall({ calls = 10_000, rounds = 5 } = {}) {
  const port = { pollDefaults: {}, requireWorker: undefined, entries: () => Promise.resolve([]) };
  const session = createInteractiveSession({
    root: process.cwd(),
    port,
    lookup: port,
    console: () => {},
    onBackground: () => {},
    onFault: (error) => console.error(error),
  });
  try {
    const line = `await (async () => {
      const query = { resource: "x".repeat(200), operation: "y".repeat(60), limit: 1 };
      const start = performance.now();
      await Promise.all(Array.from({ length: ${calls} }, () => history.find(query)));
      globalThis.took = performance.now() - start;
    })(); took`;
    const times = [];
    for (let round = 0; round <= rounds; round++) {
      const outcome = await session.evaluate(line);
      if (outcome.kind !== "value") throw new Error(`The calls failed: ${JSON.stringify(outcome)}`);
      if (round > 0) times.push((Number(await session.last()) * 1_000) / calls);
    }
    return { concurrent: median(times) };
  } finally {
    await session.stop();
  }
}
