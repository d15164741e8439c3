/**
 * Does what a page says, block by block, in a directory of its own: writes its files, types its commands, runs its
 * scripts. `wilco` is the command line under test, and the server is the page's own: it starts one with `wilco up`.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { CLI_FILE } from "../support/cli.ts";
import { spawnProcess, type Ended } from "../support/processes.ts";
import { freePorts } from "../cli/world.ts";
import { blocksOf, type Block } from "./markdown.ts";
import { isAsExpected, stepsOf, type Step } from "./transcript.ts";

export interface PageWorld {
  dir: string;
  /** What went wrong with a block, each a sentence with what was shown; empty when it did as the page says. */
  perform(block: Block): Promise<string[]>;
  stop(): Promise<void>;
}

/** Ends a command's output and gives its exit code. */
const MARK = "\u0001";
/** No block takes longer, ms, not even on a loaded machine. */
const HANGS_AFTER = 90_000;

/** @param ports that the page's text names; others that are free take their place, in commands and in what is shown. */
export async function pageWorld(ports: readonly number[] = []): Promise<PageWorld> {
  const dir = mkdtempSync(join(tmpdir(), "wilco-docs-"));
  const free = await freePorts(ports.length);
  const placed = (text: string) =>
    ports.reduce((all, port, at) => all.replaceAll(String(port), String(free[at])), text);
  const home = join(dir, ".home");
  const bin = join(home, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "wilco"), `#!/bin/sh\nexec "${process.execPath}" "${CLI_FILE}" "$@"\n`);
  chmodSync(join(bin, "wilco"), 0o755);
  const env: Record<string, string | undefined> = {
    PATH: [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter),
    HOME: home,
    // Shared by the tests of a machine: stripping TypeScript costs 90 ms a process otherwise.
    XDG_CACHE_HOME: join(tmpdir(), "wilco-test-cache"),
    TZ: "UTC",
  };
  const own = ["CI", "GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR", "NODE_OPTIONS", "XDG_STATE_HOME", "XDG_CONFIG_HOME"];
  for (const name of [...own, "WILCO_DATA_DIR", "WILCO_SERVER", "WILCO_TOKEN", "WILCO_PROFILE", "WILCO_DATABASE_URL"])
    env[name] = undefined;

  async function shell(script: string): Promise<Ended> {
    const child = spawnProcess("/bin/sh", ["-c", `exec 2>&1\n${script}`], { cwd: dir, env });
    // What hangs is ended and told by its missing output; the test runner would only give up and leave it running.
    const hangs = setTimeout(() => void child.stop(), HANGS_AFTER);
    const ended = await child.ended;
    clearTimeout(hangs);
    return ended;
  }

  async function type(steps: readonly Step[]): Promise<string[]> {
    const script = steps.map(
      ({ command }) => `${placed(command)}\n__code=$?; printf '${MARK}%s${MARK}' $__code; (exit $__code)\n`,
    );
    const parts = (await shell(script.join(""))).stdout.split(MARK);
    return steps.flatMap((step, at) => {
      const shown = parts[at * 2] ?? "";
      const code = parts[at * 2 + 1] ?? "none";
      const problems: string[] = [];
      if (!isAsExpected(shown, placed(step.expected)))
        problems.push(`$ ${step.command}\nshows\n${shown}\ninstead of\n${step.expected}`);
      // A command that does not succeed is one that the page says so of.
      if (code !== "0" && steps[at + 1]?.command !== "echo $?")
        problems.push(`$ ${step.command}\nends with ${code}:\n${shown}`);
      return problems;
    });
  }

  return {
    dir,
    async perform(block) {
      const where = `line ${block.line}: `;
      const file = block.marks["file"];
      if (file !== undefined) {
        mkdirSync(dirname(join(dir, file)), { recursive: true });
        writeFileSync(join(dir, file), placed(block.text));
      }
      if ("run" in block.marks) {
        const script = file ?? `line-${block.line}.ts`;
        writeFileSync(join(dir, script), placed(block.text));
        const { code, stdout } = await shell(`wilco run ${script}`);
        return code === 0 ? [] : [`${where}the script ends with ${code}:\n${stdout}`];
      }
      if (block.language === "console") return (await type(stepsOf(block.text))).map((problem) => where + problem);
      return [];
    },
    async stop() {
      // Managed processes outlive the server; a page that failed half way has not stopped its own.
      await shell(`wilco exec type=process stop --yes --allow-empty --wait-timeout 20s; wilco down --now`);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** All of a page, in order. */
export async function performPage(world: PageWorld, text: string): Promise<string[]> {
  const problems: string[] = [];
  for (const block of blocksOf(text)) problems.push(...(await world.perform(block)));
  return problems;
}
