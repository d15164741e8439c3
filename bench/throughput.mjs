/** wilco's side of P and B: no-ops from a sandboxed script, one after the other and all at once. */
import { percentile, median } from "./statistics.mjs";
import { memoryOf, startWilco } from "./wilco.mjs";

/**
 * @param databaseUrl undefined = embedded
 * @returns `{ p50, p95, rate, memory, lag }`: ms, ms, no-ops a second, bytes of the client an execution that is out,
 *   and the 99th percentile of how long the server took to answer /healthz during the burst, ms (its event-loop lag and
 *   a little more)
 */
export async function measureWilco({ databaseUrl, sequential, jobs }) {
  const server = await startWilco({ databaseUrl });
  try {
    const { times } = await server.script("sequential.ts", [`--count=${sequential}`]);
    const few = await burst(server, 10);
    const many = await burst(server, jobs);
    return {
      p50: median(times),
      p95: percentile(times, 0.95),
      rate: jobs / (many.ms / 1_000),
      memory: many.peak === undefined ? undefined : ((many.peak - few.peak) * 1_024) / (jobs - 10),
      lag: percentile(many.answers, 0.99),
    };
  } finally {
    await server.stop();
  }
}

async function burst(server, count) {
  let peak;
  const answers = [];
  const over = new AbortController();
  const watch = async (child) => {
    while (!over.signal.aborted) {
      if (process.platform === "linux") {
        try {
          peak = memoryOf(child.pid, "VmHWM") || peak; // a zombie has no memory any more
        } catch (error) {
          if (error.code !== "ENOENT" && error.code !== "ESRCH") throw error; // it has ended
        }
      }
      const start = performance.now();
      await (await fetch(`${server.url}/healthz`)).text();
      answers.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  let watching = Promise.resolve();
  try {
    const { ms } = await server.script("burst.ts", [`--count=${count}`], {
      onStart: (child) => (watching = watch(child)),
    });
    return { ms, peak, answers };
  } finally {
    over.abort();
    await watching;
  }
}
