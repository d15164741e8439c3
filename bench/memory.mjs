/** Resident memory of an idle embedded server with its worker. */
import { memoryOf, startWilco } from "./wilco.mjs";

/** @returns MB after `seconds` of doing nothing, or undefined where there is no /proc */
export async function measureIdleMemory({ seconds = 10 } = {}) {
  if (process.platform !== "linux") return undefined;
  const server = await startWilco();
  try {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    return memoryOf(server.pid, "VmRSS") / 1_024;
  } finally {
    await server.stop();
  }
}
