/** The samples of scripts-examples/ci, run step by step as the CI systems run them. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CLI_FILE } from "../support/cli.ts";
import { startProcess, type Ended } from "../support/processes.ts";
import { cliWorld, type CliWorld } from "./world.ts";

const SAMPLES = fileURLToPath(new URL("../../scripts-examples/ci/", import.meta.url));
const sample = (name: string) => readFileSync(join(SAMPLES, name), "utf8");

interface Step {
  name: string;
  run?: string;
  uses?: string;
}
interface Job {
  strategy: { matrix: Record<string, string[]> };
  env: Record<string, string>;
  steps: Step[];
}

let world: CliWorld;
let restarts: string;
beforeAll(async () => {
  world = await cliWorld("resources: {}");
  restarts = join(world.dir, "restarts");
  const run = ["sh", "-c", 'echo "$1" >> "$2"; test ! -e "$2.broken-$1"', "sh", "{{resource.name}}", restarts];
  const resource = (tier: string) => ({ type: "service", labels: { tier } });
  const inventory = {
    types: { service: { operations: { restart: { run } } } },
    resources: { "web-1": resource("web"), "web-2": resource("web"), "worker-1": resource("worker") },
  };
  await world.run(["apply", world.file("inventory.json", JSON.stringify(inventory))]);
  const token = await world.run(["tokens", "create", "ci", "--role", "operator", "--quiet"]);
  world.file("token", token.stdout);
  mkdirSync(join(world.dir, "bin"));
  const shim = world.file("bin/wilco", `#!/bin/sh\nexec "${process.execPath}" "${CLI_FILE}" "$@"\n`);
  chmodSync(shim, 0o755);
});
afterAll(() => world.stop());

const restarted = () =>
  existsSync(restarts) ? readFileSync(restarts, "utf8").split("\n").filter(Boolean).toSorted() : [];

function shell(args: string[], env: Record<string, string | undefined>, cwd: string): Promise<Ended> {
  const away = { ...world.env, WILCO_DATA_DIR: undefined, HOME: cwd };
  const path = `${join(world.dir, "bin")}:${process.env["PATH"]}`;
  return startProcess(args[0]!, args.slice(1), { cwd, env: { ...away, ...env, PATH: path } }).ended;
}

describe("The job for GitHub Actions", () => {
  const job = (parse(sample("github-actions.yml")) as { jobs: { restart: Job } }).jobs.restart;

  /** What GitHub does with a job: fills in expressions, writes each step into a file, runs it with its environment. */
  async function runJob(tier: string, index: number, attempt: number): Promise<Array<Ended & { summary: string }>> {
    const workspace = join(world.dir, `github-${tier}-${attempt}`);
    mkdirSync(workspace);
    const token = readFileSync(join(world.dir, "token"), "utf8").trim();
    const values: Record<string, string> = {
      "vars.WILCO_SERVER": world.url,
      "secrets.WILCO_TOKEN": token,
      "strategy.job-index": String(index),
      "matrix.tier": tier,
    };
    const filled = (text: string) => text.replace(/\$\{\{ *([\w.-]+) *\}\}/g, (_all, name: string) => values[name]!);
    const ended: Array<Ended & { summary: string }> = [];
    for (const [at, step] of job.steps.filter(({ run }) => run !== undefined).entries()) {
      const file = join(workspace, `step-${at}.sh`);
      writeFileSync(file, filled(step.run!));
      const summary = join(workspace, `summary-${at}.md`);
      writeFileSync(summary, "");
      const env = {
        ...Object.fromEntries(Object.entries(job.env).map(([name, value]) => [name, filled(value)])),
        CI: "true",
        GITHUB_ACTIONS: "true",
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_REPOSITORY: "acme/site",
        GITHUB_RUN_ID: "77",
        GITHUB_RUN_ATTEMPT: String(attempt),
        GITHUB_JOB: "restart",
        GITHUB_ACTION: at === 0 ? "__run" : `__run_${at + 1}`,
        GITHUB_WORKSPACE: workspace,
        GITHUB_STEP_SUMMARY: summary,
      };
      const one = await shell(["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", file], env, workspace);
      ended.push({ ...one, summary: readFileSync(summary, "utf8") });
      if (one.code !== 0) break;
    }
    return ended;
  }

  it("restarts the tier of its leg, and fails with the reason in log, summary and report when a server does", async () => {
    writeFileSync(`${restarts}.broken-web-2`, "");
    const [look, restart] = await runJob("web", 0, 1);
    expect(look).toMatchObject({ code: 0, stdout: expect.stringMatching(/web-1[^]*web-2/) as string });
    expect(restart!.code).toBe(5);
    expect(restart!.stderr).toContain("::error title=web-2 service.restart failed::");
    expect(restart!.summary).toContain("1 of 2 succeeded");
    expect(readFileSync(join(world.dir, "github-web-1/restart.xml"), "utf8")).toContain('failures="1"');
    expect(restarted()).toEqual(["web-1", "web-2"]);
  });

  it("that is run again restarts only what failed, and the other leg its own", async () => {
    const { rmSync } = await import("node:fs");
    rmSync(`${restarts}.broken-web-2`);
    expect((await runJob("web", 0, 2)).map(({ code }) => code)).toEqual([0, 0]);
    expect(restarted()).toEqual(["web-1", "web-2", "web-2"]);
    expect((await runJob("worker", 1, 1)).map(({ code }) => code)).toEqual([0, 0]);
    expect((await runJob("web", 0, 3)).map(({ code }) => code)).toEqual([0, 0]);
    expect(restarted()).toEqual(["web-1", "web-2", "web-2", "worker-1"]);
  });

  it("keeps the report that its step wrote", () => {
    expect(JSON.stringify(job.steps.at(-1))).toContain("restart.xml");
  });
});

describe("The others", () => {
  it("work: GitLab's job", async () => {
    const { restart } = parse(sample("gitlab-ci.yml")) as { restart: { script: string[] } };
    const env = {
      WILCO_SERVER: world.url,
      WILCO_TOKEN: readFileSync(join(world.dir, "token"), "utf8").trim(),
      TIER: "worker",
      CI: "true",
      GITLAB_CI: "true",
      CI_PROJECT_ID: "1",
      CI_PIPELINE_ID: "2",
      CI_JOB_NAME: "restart: [worker]",
      CI_JOB_ID: "3",
    };
    const before = restarted().length;
    const ended = await shell(["bash", "-eo", "pipefail", "-c", restart.script.join("\n")], env, world.dir);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("section_start:");
    expect(restarted()).toHaveLength(before + 1);
  });

  it("work: the command of Jenkins' stage, and cron's line twice in a night", async () => {
    const token = readFileSync(join(world.dir, "token"), "utf8").trim();
    const [, jenkins] = /sh '([^']+)'/.exec(sample("Jenkinsfile"))!;
    const env = { WILCO_SERVER: world.url, JOB_NAME: "site", GIT_COMMIT: "c0ffee" };
    const stage = await shell(["sh", "-c", jenkins!], { ...env, WILCO_TOKEN: token }, world.dir);
    expect(stage.code).toBe(0);
    const [, line] = /^15 3 \* \* \* ops (.*)$/m.exec(sample("crontab"))!;
    const command = line!
      .replaceAll("\\%", "%")
      .replace("/etc/wilco/cron.token", join(world.dir, "token"))
      .replace("/var/log", world.dir)
      .replace("date +%F", "echo 2026-01-01");
    const before = restarted().length;
    for (let night = 0; night < 2; night++) {
      const ended = await shell(["sh", "-c", command], { WILCO_SERVER: world.url }, world.dir);
      expect(ended).toMatchObject({ code: 0, stdout: "", stderr: "" });
    }
    expect(restarted()).toHaveLength(before + 2);
    expect(readFileSync(join(world.dir, "wilco-nightly.json"), "utf8")).toContain('"status": "succeeded"');
  });
});
