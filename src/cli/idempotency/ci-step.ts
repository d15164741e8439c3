/** Which step of which run of a CI system this is, from what the system says in the environment. */
import { WilcoError } from "../../core/errors.ts";
import type { Environment } from "../context.ts";

export interface CiStep {
  /** "GitHub Actions" */
  system: string;
  /** The same when the step is run again, and of no other step. */
  step: string;
  /** Another one when the step is run again. */
  attempt: string;
}

interface System {
  name: string;
  /** Present and not empty under this system. */
  sign: string;
  /** What names the step, all of it needed. */
  step: readonly string[];
  /** Added where they are set. */
  more?: readonly string[];
  /** What changes when it is run again. */
  attempt: readonly string[];
  /** Its legs of a matrix look all the same, so the job has to say which one it is. */
  leg?: string;
}

/** Tells legs of a matrix apart where the CI system has no variable for it. */
const LEG = "WILCO_CI_LEG";

// The names of the systems and their signs are those of ci-info; which variables hold still when a job is run again is
// in none of the libraries, only in the systems' own documentation.
const SYSTEMS: readonly System[] = [
  {
    name: "GitHub Actions",
    sign: "GITHUB_ACTIONS",
    step: ["GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_JOB", "GITHUB_ACTION"],
    more: ["GITHUB_SERVER_URL"],
    attempt: ["GITHUB_RUN_ATTEMPT"],
    leg: "${{ strategy.job-index }}",
  },
  {
    name: "GitLab CI",
    sign: "GITLAB_CI",
    // The name of a job has its place in the matrix: "deploy: [eu]", "test 1/3".
    step: ["CI_PROJECT_ID", "CI_PIPELINE_ID", "CI_JOB_NAME"],
    more: ["CI_SERVER_HOST"],
    attempt: ["CI_JOB_ID"],
  },
  {
    name: "Jenkins",
    sign: "JENKINS_URL",
    step: ["JENKINS_URL", "JOB_NAME", "BUILD_NUMBER"],
    more: ["STAGE_NAME"],
    attempt: [],
    leg: "the cell of the matrix, or 0",
  },
  {
    name: "Azure Pipelines",
    sign: "TF_BUILD",
    // The identifier of a job has its leg: "Deploy.eu".
    step: ["SYSTEM_TEAMPROJECTID", "BUILD_BUILDID", "SYSTEM_JOBIDENTIFIER", "SYSTEM_TASKINSTANCENAME"],
    more: ["SYSTEM_COLLECTIONURI", "SYSTEM_STAGENAME"],
    attempt: ["SYSTEM_JOBATTEMPT"],
  },
  {
    name: "CircleCI",
    sign: "CIRCLECI",
    step: ["CIRCLE_PIPELINE_ID", "CIRCLE_JOB"],
    more: ["CIRCLE_NODE_INDEX"],
    attempt: ["CIRCLE_WORKFLOW_JOB_ID"],
  },
  {
    name: "Buildkite",
    sign: "BUILDKITE",
    step: ["BUILDKITE_BUILD_ID", "BUILDKITE_STEP_ID"],
    more: ["BUILDKITE_PARALLEL_JOB", "BUILDKITE_LABEL"],
    attempt: ["BUILDKITE_JOB_ID"],
  },
];

/**
 * @param detected the CI system's name by ci-info, null outside of CI.
 * @throws WilcoError `invalid_request` where runs, jobs, legs of a matrix and steps can't be told apart.
 */
export function ciStepOf(env: Environment, detected: string | null): CiStep {
  const system = SYSTEMS.find(({ sign }) => (env[sign] ?? "") !== "");
  if (!system) {
    throw refused(
      detected === null
        ? "--idempotency-key auto is for CI, and this is no CI system that is known"
        : `--idempotency-key auto does not know how ${detected} tells its runs apart`,
      "Write a key of your own, the same whenever the step is run again: --idempotency-key deploy-$COMMIT.",
    );
  }
  const { name, step, more = [], attempt, leg } = system;
  const missing = step.find((variable) => (env[variable] ?? "") === "");
  if (missing !== undefined) {
    throw refused(
      `--idempotency-key auto needs ${missing}, which ${name} did not set`,
      "Is it passed into the container? Otherwise write a key of your own: --idempotency-key KEY.",
    );
  }
  if (leg !== undefined && env[LEG] === undefined) {
    throw refused(
      `--idempotency-key auto can't tell the legs of a matrix apart: ${name} does not say which one this is`,
      `Set ${LEG} in the job's environment: ${leg}.`,
    );
  }
  const parts = [...step, ...more, LEG].map((variable) => env[variable] ?? "");
  const attempts = attempt.map((variable) => env[variable] ?? "");
  return { system: name, step: parts.join("\n"), attempt: [...parts, ...attempts].join("\n") };
}

function refused(message: string, hint: string): WilcoError {
  return new WilcoError({ code: "invalid_request", message, hint });
}
