/**
 * Types hostile scripts as lines into sessions that go on to be used: the next hostile line is typed into the same
 * session, as long as the limits are the same and it needs no files.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createInteractiveSession,
  type InteractiveSession,
  type LineOutcome,
} from "../../../src/sandbox/interactive-session.ts";
import { createFakePort } from "../fake-port.ts";
import { limitsOf, type HostileCase, type LineEnd } from "./case.ts";
import { HOST_TOKEN } from "./run-script.ts";
import { createOutput, inTime, writeFiles, type CaseRun, type Output } from "./measure.ts";

export interface LineRun extends CaseRun<LineEnd> {
  /** What the session says to `1 + 1` afterwards. */
  usable: string;
  /** It said that its variables are lost exactly when they are. */
  keptAsTold: boolean;
}

export interface LineRunner {
  run(hostile: HostileCase): Promise<LineRun>;
  close(): Promise<void>;
}

interface Shell {
  folder: string;
  session: InteractiveSession;
  /** Where what it prints goes now. */
  output: Output;
  faults: unknown[];
  background: unknown[];
  /** It has the variable `kept`. */
  prepared: boolean;
}

export function createLineRunner(cacheDirectory: string): LineRunner {
  const shells = new Map<string, Shell>();

  function open(hostile: HostileCase): Shell {
    const folder = mkdtempSync(join(tmpdir(), "wilco-hostile-"));
    writeFiles(folder, hostile.files ?? {});
    const port = { ...createFakePort(), token: HOST_TOKEN };
    const shell: Omit<Shell, "session" | "output"> & { output?: Output } = {
      folder,
      faults: [],
      background: [],
      prepared: false,
    };
    const session = createInteractiveSession({
      cacheDirectory,
      limits: limitsOf(hostile),
      root: folder,
      port,
      lookup: port,
      console: (stream, text) => shell.output?.sink(stream, text),
      onBackground: (error) => shell.background.push(error),
      onFault: (fault) => shell.faults.push(fault),
    });
    return Object.assign(shell, { session }) as Shell;
  }

  async function close({ session, folder }: Shell): Promise<void> {
    await session.stop();
    rmSync(folder, { recursive: true, force: true });
  }

  async function runIn(shell: Shell, hostile: HostileCase): Promise<LineRun> {
    const { session, faults, background } = shell;
    const evaluate = (line: string): Promise<LineOutcome | undefined> => inTime(session.evaluate(line));
    faults.length = background.length = 0;
    shell.output = createOutput(hostile, () => session.interrupt());
    if (!shell.prepared) await evaluate("const kept = 5");
    const outcome = await evaluate(hostile.script);
    const run: CaseRun<LineEnd> = {
      ended: outcome ? lineEndOf(outcome) : "never ended",
      code: outcome && "error" in outcome ? outcome.error.code : undefined,
      output: shell.output.text() + JSON.stringify([outcome, background]),
      faults: [...faults],
    };
    if (!outcome) return { ...run, usable: "never ended", keptAsTold: true };
    if (hostile.spoils) {
      // With what it has spoiled no line need succeed, but each must end.
      if (!(await evaluate("1 + 1"))) return { ...run, usable: "never ended", keptAsTold: true };
      session.reset();
    }
    const lost = outcome.kind === "lost" || (outcome.kind === "interrupted" && outcome.lost);
    const gone = lost || hostile.spoils === true;
    const kept = textOf(await evaluate("typeof kept"));
    const usable = textOf(await evaluate("1 + 1"));
    // What filled the memory and was caught holds it still: nothing for the next.
    if (!gone && [hostile.ends].flat().includes("limit memory")) session.reset();
    shell.prepared = !gone && kept === "number" && ![hostile.ends].flat().includes("limit memory");
    return { ...run, usable, keptAsTold: kept === (gone ? "undefined" : "number") };
  }

  return {
    async run(hostile) {
      const { files } = hostile;
      const key = Object.values(limitsOf(hostile)).join(" ");
      const shell = (files ? undefined : shells.get(key)) ?? open(hostile);
      if (!files) shells.set(key, shell);
      const run = await runIn(shell, hostile);
      if (files || run.usable !== "2") {
        if (!files) shells.delete(key);
        await close(shell);
      }
      return run;
    },
    async close() {
      await Promise.all([...shells.values()].map(close));
      shells.clear();
    },
  };
}

function lineEndOf(outcome: LineOutcome): LineEnd {
  if (outcome.kind === "error") return outcome.error.name === "ScriptLimit" ? "cpu" : "error";
  if (outcome.kind !== "lost") return outcome.kind;
  if (outcome.error.code !== "script_limit") return "lost";
  return outcome.error.message.includes("memory") ? "memory" : "cpu";
}

function textOf(outcome: LineOutcome | undefined): string {
  if (outcome?.kind !== "value") return JSON.stringify(outcome ?? "never ended");
  return "text" in outcome.value ? outcome.value.text.replaceAll(/["']/g, "") : outcome.value.kind;
}
