/** A test's own world: a folder with a script, a session, a fake port, and what was printed. */
import { mkdtempSync } from "node:fs";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { SandboxLimits } from "../../src/sandbox/messages.ts";
import type { RunOutcome } from "../../src/sandbox/outcome.ts";
import { createSession, type RunOptions } from "../../src/sandbox/session.ts";
import { createFakePort, type FakePort } from "./fake-port.ts";

export interface Ran extends RunOutcome {
  stdout: string;
  stderr: string;
  port: FakePort;
  faults: unknown[];
}

export interface WorldOptions extends Partial<Omit<RunOptions, "port" | "lookup">> {
  /** More files, by relative path. */
  files?: Record<string, string>;
  /** The script's name. Default "script.ts". */
  name?: string;
  limits?: Partial<SandboxLimits>;
  port?: FakePort;
  /** Called when the run has begun, with the folder. */
  during?: (context: { folder: string; port: FakePort }) => Promise<void> | void;
  /** Before the run, in the folder. */
  prepare?: (folder: string) => Promise<void>;
}

/** One cache of stripped text for the tests of a file: loading the stripper for each takes most of the time. */
const cacheDirectory = mkdtempSync(join(tmpdir(), "wilco-cache-"));
afterAll(() => rm(cacheDirectory, { recursive: true, force: true }));

/** Runs a script's text to its end in a sandbox of its own. */
export async function runScript(source: string, options: WorldOptions = {}): Promise<Ran> {
  const { files = {}, name = "script.ts", limits, port = createFakePort(), during, prepare, ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), "wilco-sandbox-"));
  const session = createSession({ cacheDirectory, ...(limits ? { limits } : {}) });
  const out = { stdout: "", stderr: "" };
  const faults: unknown[] = [];
  try {
    for (const [path, text] of Object.entries({ ...files, [name]: source })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await prepare?.(folder);
    const running = session.run({
      root: folder,
      file: name,
      port,
      lookup: port,
      console: (stream, text) => {
        out[stream] += text;
      },
      onFault: (fault) => faults.push(fault),
      ...rest,
    });
    const [outcome] = await Promise.all([running, during?.({ folder, port })]);
    return { ...outcome, ...out, port, faults };
  } finally {
    await session.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
