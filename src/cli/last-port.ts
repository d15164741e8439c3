/** The port of a local server, kept over its restarts: who waits for it or talks to it finds it again. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const PORT_FILE = "port";

/** The port that this directory's server had last, if it is free at this moment; else "0", any free one. */
export async function lastPort(dataDir: string, host: string): Promise<string> {
  const port = Number(readKept(dataDir));
  return Number.isInteger(port) && port > 0 && port <= 65_535 && (await isFree(port, host)) ? String(port) : "0";
}

export function keepPort(dataDir: string, url: string): void {
  const { port } = new URL(url);
  if (port === "" || port === readKept(dataDir)) return;
  try {
    writeFileSync(join(dataDir, PORT_FILE), port, { mode: 0o600 });
  } catch {
    // The server runs; it will have another port next time.
  }
}

function readKept(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, PORT_FILE), "utf8");
  } catch {
    return ""; // its first start
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
