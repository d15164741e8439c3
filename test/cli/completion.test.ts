import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Command } from "commander";
import { candidatesOf, kindAt, wordOf } from "../../src/cli/completion/candidates.ts";
import type { Known } from "../../src/cli/completion/known.ts";
import { ARGUMENTS, FLAGS } from "../../src/cli/completion/places.ts";
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
  groups: ["all-web", "old-web"],
  zones: ["default", "eu"],
  workers: ["host-1", "host-2"],
  routes: ["eu/automate", "worker/host-1"],
  pausedRoutes: ["eu/slow"],
  findings: ["site-a"],
  tokens: ["ci"],
  secrets: ["DB_PASSWORD"],
  entries: [
    { id: 101, kind: "operation", status: "running", work: "web-1 restart", at: "2026-01-02T03:04:05Z" },
    { id: 100, kind: "request", status: "failed", work: "tier=web restart", at: "2026-01-02T03:04:05Z" },
    { id: 99, kind: "operation", status: "succeeded", work: "here run", at: "2026-01-02T03:04:05Z" },
  ],
  versions: {
    "deployed version web-1": [
      { version: 10, about: "2.0, current, app.tgz", at: "2026-01-02T03:04:05Z" },
      { version: 9, about: "1.0, former, app.tgz", at: "2026-01-02T03:04:05Z" },
    ],
    "configured version web-1": [{ version: 2, about: "by alice", at: "2026-01-02T03:04:05Z" }],
  },
  metrics: { process: ["cpu", "memory"], host: ["load"] },
  settings: { process: ["port", "path"] },
  types: { process: { restart: ["graceful"], status: [] }, host: { run: ["command", "stdin"] } },
};

describe("Completion", () => {
  const program = buildProgram({ run: async () => {} });
  const after = (line: string, known: Known | undefined = KNOWN) =>
    candidatesOf(program, line.split(" ").slice(1), known, ["staging"]).map(wordOf);

  it.each([
    ["wilco entry w", ["wait", "why"]],
    ["wilco exec web", ["web-1", "web-2"]],
    ["wilco exec ti", ["tier=web"]],
    ["wilco exec group=a", ["group=all-web"]],
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
    ["wilco exec zone=e", ["zone=eu"]],
    ["wilco resources remove web-1 ", ["here", "web-2"]],
    ["wilco groups remove all-web ", ["old-web"]],
    ["wilco types remove process ", ["host"]],
    ["wilco resources metrics web-1 m", ["memory"]],
    ["wilco config update web-1 port=1 pa", ["path="]],
    ["wilco resources show here w", []],
    ["wilco settings set keep-a", ["keep-automatic", "keep-availability"]],
    ["wilco settings set keep-automatic d", ["default"]],
    ["wilco settings set keep-automatic 9", ["90d"]],
    ["wilco settings set keep-automatic 1h ", []],
    ["wilco workers drain host-1 ", ["host-2"]],
    ["wilco queue pause w", ["worker/host-1"]],
    ["wilco queue resume ", ["eu/slow"]],
    ["wilco discoveries take s", ["site-a"]],
    ["wilco tokens revoke ", ["ci"]],
    ["wilco secrets remove ", ["DB_PASSWORD"]],
    ["wilco profiles use ", ["staging"]],
    ["wilco history --status failed,lo", ["failed,lost"]],
    ["wilco history --status=failed,lo", ["--status=failed,lost"]],
    ["wilco history --kind=dep", ["--kind=deployment"]],
    ["wilco discoveries list --status i", ["ignored"]],
    ["wilco tokens create x --role w", ["worker"]],
    ["wilco worker --role w", []],
    ["wilco exec web-1 restart --priority h", ["high"]],
    ["wilco run de", []],
    ["wilco entry show ", ["101", "100", "99"]],
    ["wilco entry show 10", ["101", "100"]],
    ["wilco entry why ", ["101"]],
    ["wilco entry cancel 101 ", []],
    ["wilco entry retry ", ["100"]],
    ["wilco history tree 9", ["99"]],
    ["wilco history --parent=", ["--parent=100"]],
    ["wilco exec web-1 restart --after 99,10", ["99,101", "99,100"]],
    ["wilco exec web-1 restart --after 99,100:f", ["99,100:failure"]],
    ["wilco deployments rollback web-1 ", ["10", "9"]],
    ["wilco deployments rollback web-2 ", []],
    ["wilco config update web-1 port=1 --base ", ["2"]],
  ])("of %j", (line, expected) => {
    expect(after(line)).toEqual(expected);
  });

  it("says what a word is about where the shell shows it", () => {
    const described = (...words: string[]) => candidatesOf(program, words, KNOWN);
    expect(described("entry", "show", "99")).toEqual([
      expect.stringMatching(/^99\there run, succeeded, 2026-01-0\d \d\d:04:05$/),
    ]);
    expect(described("entry", "wh")).toEqual([
      "why\twhy it does not run yet, or where it runs, and what would free it",
    ]);
    expect(described("exec", "--dr")).toEqual([expect.stringMatching(/^--dry-run\tcheck everything/)]);
  });

  it("knows which kind of word is asked for, and of which resource", () => {
    expect(kindAt(program, ["entry", "cancel", ""]).kind).toBe("open entry");
    expect(kindAt(program, ["exec", "a", "b", "--after=17"]).kind).toBe("dependency");
    expect(kindAt(program, ["config", "diff", "web-1", "1", ""])).toEqual({
      kind: "configured version",
      args: ["web-1", "1"],
    });
    expect(kindAt(program, ["exec", "a", "run", "--", ""]).kind).toBeUndefined();
  });

  it("has a word for every argument and flag that names something", () => {
    const named = /^(id|selector|resources?|types?|groups?|findings?|route|setting)$/;
    const missing: string[] = [];
    const seen = new Set<string>();
    const look = (command: Command, path: string) => {
      seen.add(path);
      for (const option of command.options) seen.add(option.long!).add(`${path} ${option.long!}`);
      for (const [at, argument] of command.registeredArguments.entries()) {
        const kind = ARGUMENTS[path]?.[at];
        if (named.test(argument.name()) && kind === undefined) missing.push(`${path} <${argument.name()}>`);
      }
      for (const one of command.commands) look(one, path === "" ? one.name() : `${path} ${one.name()}`);
    };
    look(program, "");
    expect(missing).toEqual([]);
    expect([...Object.keys(ARGUMENTS), ...Object.keys(FLAGS)].filter((one) => !seen.has(one))).toEqual([]);
  });

  it("without a server knows commands and flags, and no names", () => {
    expect(candidatesOf(program, ["exec", "we"], undefined)).toEqual([]);
    expect(candidatesOf(program, ["exec", "--min"], undefined).map(wordOf)).toEqual(["--min-success"]);
  });
});

describe("The script for bash", () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld(
      `resources:
  web-1: { type: process, labels: { tier: web }, connection: { command: [x] } }
  box: { type: host }`,
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
    expect(await tab("wilco tokens revoke l", ["wilco", "tokens", "revoke", "l"])).toEqual(["local-admin"]);
    const { stdout } = await world.run(["exec", "web-1", "status", "--no-wait"]);
    await world.run(["complete", "--refresh"], { env });
    expect(await tab("wilco entry show ", ["wilco", "entry", "show", ""])).toEqual([stdout.trim()]);
    const described = await world.run(["complete", "--describe", "--", "entry", "show", ""], { env });
    expect(described.stdout).toMatch(new RegExp(`^${stdout.trim()}\tweb-1 status, \\w+, `));
    expect(await tab("wilco exec we", ["wilco", "exec", "we"])).toEqual(["web-1"]);
    expect(await tab("wilco exec web-1 rest", ["wilco", "exec", "web-1", "rest"])).toEqual(["restart"]);
    // bash has split the word at "=", and wants the rest of it only.
    expect(await tab("wilco exec tier=w", ["wilco", "exec", "tier", "=", "w"])).toEqual(["web"]);
  });

  it("offers the versions of a resource once it was asked for them", async () => {
    const env = { XDG_CACHE_HOME: `${world.dir}/cache` };
    const deploy = ["deploy", "box", world.file("app.txt", "one"), "--version", "1.0"];
    expect(await world.run([...deploy, "--param", `path=${world.dir}/deployed.txt`])).toMatchObject({ code: 0 });
    await world.run(["complete", "--refresh", "--", "deployments", "rollback", "box", ""], { env });
    expect(await tab("wilco deployments rollback box ", ["wilco", "deployments", "rollback", "box", ""])).toEqual([
      "1",
    ]);
    // They stay when something else is asked for anew.
    await world.run(["complete", "--refresh"], { env });
    const described = await world.run(["complete", "--describe", "--", "deployments", "show", "box", ""], { env });
    expect(described.stdout).toMatch(/^1\t1\.0, current, app\.txt, \d{4}-/);
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
