/** Runs one hostile script as `wilco run` does: in a VM of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunOutcome } from "../../../src/sandbox/outcome.ts";
import { createSession } from "../../../src/sandbox/session.ts";
import { createFakePort } from "../fake-port.ts";
import { limitsOf, type End, type HostileCase } from "./case.ts";
import { createOutput, inTime, writeFiles, type CaseRun } from "./measure.ts";

/** Beside what the guest may use: a client has a token. */
export const HOST_TOKEN = "hostile-token-of-the-client";
/** `finally` blocks get this long after an interrupt, ms. */
const GRACE = 200;

export async function runAsScript(hostile: HostileCase, cacheDirectory: string): Promise<CaseRun<End>> {
  const { script, files = {} } = hostile;
  const folder = mkdtempSync(join(tmpdir(), "wilco-hostile-"));
  const session = createSession({ cacheDirectory, limits: limitsOf(hostile) });
  const abort = new AbortController();
  const output = createOutput(hostile, () => abort.abort());
  const faults: unknown[] = [];
  const port = { ...createFakePort(), token: HOST_TOKEN };
  try {
    writeFiles(folder, { ...files, "hostile.js": script });
    const outcome = await inTime(
      session.run({
        root: folder,
        file: "hostile.js",
        port,
        lookup: port,
        console: output.sink,
        signal: abort.signal,
        grace: GRACE,
        onError: "leave",
        onFault: (fault) => faults.push(fault),
      }),
    );
    if (!outcome) return { ended: "never ended", code: undefined, output: output.text(), faults };
    const told = JSON.stringify([outcome.error, outcome.unobservedFailures]);
    return { ended: endOf(outcome), code: outcome.error?.code, output: output.text() + told, faults };
  } finally {
    await session.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function endOf({ kind, limit }: RunOutcome): End {
  return kind === "limit" ? `limit ${limit!}` : kind;
}
