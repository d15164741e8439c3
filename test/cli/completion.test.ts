import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { candidatesOf } from "../../src/cli/completion/candidates.ts";
import type { Known } from "../../src/cli/completion/known.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { CLI_FILE } from "../support/cli.ts";
import { startProcess } from "../support/processes.ts";
import { cliWorld, type CliWorld } from "./world.ts";

const KNOWN: Known = {
  at: 0,
  resources: [
    { name: "web-1", type: "process" },
    { name: "web-2", type: "process" },
    { name: "here", type: "host" },
  ],
  labels: ["tier=web"],
  groups: ["all-web"],
  types: { process: { restart: ["graceful"], status: [] }, host: { run: ["command", "stdin"] } },
};

describe("Completion", () => {
  const program = buildProgram({ run: async () => {} });
  const after = (line: string, known: Known | undefined = KNOWN) =>
    candidatesOf(program, line.split(" ").slice(1), known);

  it.each([
    ["wilco entry w", ["wait", "why"]],
    ["wilco exec web", ["web-1", "web-2"]],
    ["wilco exec ti", ["tier=web"]],
    ["wilco exec group=", ["group=all-web"]],
    ["wilco exec web-1,we", ["web-1,web-1", "web-1,web-2"]],
    ["wilco exec web-1 re", ["restart"]],
    ["wilco exec here ", ["run"]],
    ["wilco exec type=host ", ["run"]],
    ["wilco exec tier=web ", ["restart", "run", "status"]],
    ["wilco exec here run --param c", ["command="]],
    ["wilco exec --timeout 5s web-1 st", ["status"]],
    ["wilco --output js", ["json", "jsonl"]],
    ["wilco exec --dr", ["--dry-run"]],
    ["wilco resources show h", ["here"]],
    ["wilco exec here run -- l", []],
    ["wilco run de", []],
  ])("of %j", (line, expected) => {
    expect(after(line)).toEqual(expected);
  });

  it("without a server knows commands and flags, and no names", () => {
    expect(candidatesOf(program, ["exec", "we"], undefined)).toEqual([]);
    expect(candidatesOf(program, ["exec", "--min"], undefined)).toEqual(["--min-success"]);
  });
});

describe("The script for bash", () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld(
      "resources: { web-1: { type: process, labels: { tier: web }, connection: { command: [x] } } }",
    );
  });
  afterAll(() => world.stop());

  /** What a Tab behind this line gives. */
  async function tab(line: string, words: string[]): Promise<string[]> {
    const script = `wilco() { "${process.execPath}" "${CLI_FILE}" "$@"; }
eval "$(wilco completion bash)"
COMP_LINE=$1 COMP_POINT=\${#1}; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_wilco
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { ...world.env, XDG_CACHE_HOME: `${world.dir}/cache` };
    const { stdout } = await startProcess("bash", ["-c", script, "bash", line, ...words], { cwd: world.dir, env })
      .ended;
    return stdout.split("\n").filter(Boolean);
  }

  it("completes resources, operations and selectors of the server", async () => {
    const env = { XDG_CACHE_HOME: `${world.dir}/cache` };
    await world.run(["complete", "--refresh"], { env });
    expect(await tab("wilco exec we", ["wilco", "exec", "we"])).toEqual(["web-1"]);
    expect(await tab("wilco exec web-1 rest", ["wilco", "exec", "web-1", "rest"])).toEqual(["restart"]);
    // bash has split the word at "=", and wants the rest of it only.
    expect(await tab("wilco exec tier=w", ["wilco", "exec", "tier", "=", "w"])).toEqual(["web"]);
  });

  it("is refused for a shell that there is none for", async () => {
    const ran = await world.run(["completion", "fsh"]);
    expect(ran).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/Did you mean "(fish|zsh)"/) as string,
    });
  });

  it.each(["zsh", "fish"])("is there for %s too", async (shell) => {
    expect((await world.run(["completion", shell])).stdout).toContain("wilco complete --");
  });
});
