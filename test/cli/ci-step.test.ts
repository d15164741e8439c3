/** Steps of CI systems, with the variables that the systems set. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ciStepOf } from "../../src/cli/idempotency/ci-step.ts";
import { claimInProcess, claimInStep } from "../../src/cli/idempotency/occurrences.ts";

type Environment = Record<string, string | undefined>;

const GITHUB = {
  GITHUB_ACTIONS: "true",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "acme/site",
  GITHUB_RUN_ID: "9107",
  GITHUB_RUN_ATTEMPT: "1",
  GITHUB_JOB: "deploy",
  GITHUB_ACTION: "__run_2",
  WILCO_CI_LEG: "0",
};
const GITLAB = {
  GITLAB_CI: "true",
  CI_SERVER_HOST: "gitlab.example.org",
  CI_PROJECT_ID: "7",
  CI_PIPELINE_ID: "501",
  CI_JOB_NAME: "deploy: [eu]",
  CI_JOB_ID: "8811",
};
const JENKINS = {
  JENKINS_URL: "https://jenkins.example.org/",
  JOB_NAME: "site/main",
  BUILD_NUMBER: "33",
  STAGE_NAME: "Deploy",
  WILCO_CI_LEG: "0",
};
const AZURE = {
  TF_BUILD: "True",
  SYSTEM_TEAMPROJECTID: "b1",
  BUILD_BUILDID: "77",
  SYSTEM_JOBIDENTIFIER: "Deploy.eu",
  SYSTEM_TASKINSTANCENAME: "CmdLine1",
  SYSTEM_JOBATTEMPT: "1",
};
const CIRCLE = { CIRCLECI: "true", CIRCLE_PIPELINE_ID: "p-1", CIRCLE_JOB: "deploy-eu", CIRCLE_WORKFLOW_JOB_ID: "j-1" };
const BUILDKITE = { BUILDKITE: "true", BUILDKITE_BUILD_ID: "b-1", BUILDKITE_STEP_ID: "s-1", BUILDKITE_JOB_ID: "j-1" };

/** Each with what changes when the job is run again, and what another leg, job, step or run has. */
const SYSTEMS: Array<{ name: string; env: Environment; again: Environment; others: Environment[] }> = [
  {
    name: "GitHub Actions",
    env: GITHUB,
    again: { GITHUB_RUN_ATTEMPT: "2" },
    others: [
      { WILCO_CI_LEG: "1" },
      { GITHUB_ACTION: "__run_3" },
      { GITHUB_JOB: "test" },
      { GITHUB_RUN_ID: "9108" },
      { GITHUB_REPOSITORY: "acme/shop" },
    ],
  },
  {
    name: "GitLab CI",
    env: GITLAB,
    again: { CI_JOB_ID: "8899" },
    others: [{ CI_JOB_NAME: "deploy: [us]" }, { CI_PIPELINE_ID: "502" }, { CI_PROJECT_ID: "8" }],
  },
  {
    name: "Azure Pipelines",
    env: AZURE,
    again: { SYSTEM_JOBATTEMPT: "2" },
    others: [{ SYSTEM_JOBIDENTIFIER: "Deploy.us" }, { SYSTEM_TASKINSTANCENAME: "CmdLine2" }, { BUILD_BUILDID: "78" }],
  },
  {
    name: "CircleCI",
    env: CIRCLE,
    again: { CIRCLE_WORKFLOW_JOB_ID: "j-2" },
    others: [{ CIRCLE_JOB: "deploy-us" }, { CIRCLE_PIPELINE_ID: "p-2" }, { CIRCLE_NODE_INDEX: "1" }],
  },
  {
    name: "Buildkite",
    env: BUILDKITE,
    again: { BUILDKITE_JOB_ID: "j-2" },
    others: [{ BUILDKITE_STEP_ID: "s-2" }, { BUILDKITE_BUILD_ID: "b-2" }, { BUILDKITE_PARALLEL_JOB: "1" }],
  },
];

describe("A step of a CI system", () => {
  it.for(SYSTEMS)("of $name is the same when it is run again, and no other", ({ name, env, again, others }) => {
    const first = ciStepOf(env, name);
    const second = ciStepOf({ ...env, ...again }, name);
    expect(first.system).toBe(name);
    expect(second.step).toBe(first.step);
    expect(second.attempt).not.toBe(first.attempt);
    for (const other of others) expect(ciStepOf({ ...env, ...other }, name).step).not.toBe(first.step);
  });

  it("of Jenkins is that of its build and stage", () => {
    expect(ciStepOf(JENKINS, "Jenkins").step).not.toBe(ciStepOf({ ...JENKINS, STAGE_NAME: "Test" }, "Jenkins").step);
    expect(ciStepOf(JENKINS, "Jenkins").step).not.toBe(ciStepOf({ ...JENKINS, BUILD_NUMBER: "34" }, "Jenkins").step);
  });

  it.for([
    { name: "GitHub Actions", env: { ...GITHUB, WILCO_CI_LEG: undefined }, hint: "strategy.job-index" },
    { name: "Jenkins", env: { ...JENKINS, WILCO_CI_LEG: undefined }, hint: "WILCO_CI_LEG" },
    { name: "GitLab CI", env: { ...GITLAB, CI_PIPELINE_ID: "" }, hint: "passed into the container" },
    { name: "Travis CI", env: { TRAVIS: "true" }, hint: "deploy-$COMMIT" },
    { name: null, env: {}, hint: "deploy-$COMMIT" },
  ])("is refused where it can't be told from others: $name", ({ name, env, hint }) => {
    expect(() => ciStepOf(env, name)).toThrow(
      expect.objectContaining({ code: "invalid_request", hint: expect.stringContaining(hint) as string }),
    );
  });
});

describe("An occurrence of a call", () => {
  it("is taken once in a process", () => {
    const claim = claimInProcess();
    expect([claim("a", 0), claim("a", 0), claim("a", 1), claim("b", 0)]).toEqual([true, false, true, true]);
  });

  it("is taken once by all processes of a step, and again when the step is run again", () => {
    const directory = mkdtempSync(join(tmpdir(), "wilco-step-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const [one, two, again] = [claimInStep("1", directory), claimInStep("1", directory), claimInStep("2", directory)];
    expect([one("a", 0), two("a", 0), two("a", 1), again("a", 0)]).toEqual([true, false, true, true]);
  });

  it("is refused where it can't be written down", () => {
    const directory = join(process.execPath, "no-directory");
    expect(() => claimInStep("1", directory)("a", 0)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});
