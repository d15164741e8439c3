/** `--report junit=FILE`, and what the CI system at hand shows by itself. */
import { appendFile, open, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { makeDirectory } from "../../core/make-directory.ts";
import { randomId } from "../../core/ids.ts";
import { suggestion } from "../../core/suggest.ts";
import type { Context } from "../context.ts";
import type { Report } from "./report.ts";

export interface ReportFlags {
  report?: string[];
}

export interface Reports {
  /** There is something to write. */
  readonly wanted: boolean;
  /**
   * What follows, until `end`, is a section of the CI job's log.
   * @param operations it is the output of operations, in which GitHub is to see no commands: a machine that is managed
   *   must not be able to annotate the pipeline or mask its log. A script's own output is its author's.
   */
  begin(title: string, operations: boolean): void;
  end(): void;
  /** Writes what was asked for. What can't be written is said; the work is done, and its exit code stands. */
  write(report: Report): Promise<void>;
}

const FORMATS = ["junit"] as const;

/** @throws WilcoError `invalid_request`: an unknown format, a file that can't be written. Said before anything is done. */
export async function openReports(context: Context, flags: ReportFlags): Promise<Reports> {
  const files = (flags.report ?? []).map((text) => context.path(fileOf(text)));
  for (const file of files) await requireWritable(file);
  const { env, output } = context;
  const onGitHub = env["GITHUB_ACTIONS"] === "true";
  const onGitLab = env["GITLAB_CI"] === "true";
  let section: string | undefined;
  let stopped: string | undefined;

  async function writing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      output.warn(`${output.paintErr.yellow("note:")} ${what} can't be written: ${whyUnwritable(error)}`);
    }
  }

  return {
    wanted: files.length > 0 || onGitHub,
    begin(title, operations) {
      if (onGitHub && operations) {
        stopped = randomId();
        output.writeErr(`::stop-commands::${stopped}\n`);
      }
      if (!onGitLab || output.quiet) return;
      section = `wilco_${Date.now()}_${process.pid}`;
      output.writeErr(`\u001b[0Ksection_start:${seconds()}:${section}\r\u001b[0Kwilco ${title}\n`);
    },
    end() {
      if (section !== undefined) output.writeErr(`\u001b[0Ksection_end:${seconds()}:${section}\r\u001b[0K`);
      if (stopped !== undefined) output.writeErr(`::${stopped}::\n`);
      section = stopped = undefined;
    },
    async write(given) {
      const report = masked(given, output.masked);
      for (const file of files) {
        await writing(`The report ${file}`, async () => {
          const { junitXml } = await import("./junit.ts");
          await writeFile(file, junitXml(report));
        });
      }
      if (!onGitHub) return;
      const { githubAnnotations, githubSummary } = await import("./github.ts");
      for (const line of githubAnnotations(report)) output.writeErr(`${line}\n`);
      const summary = env["GITHUB_STEP_SUMMARY"];
      if (summary === undefined || summary === "") return;
      await writing("The summary of the step", () => appendFile(summary, githubSummary(report)));
    },
  };
}

/** Before anything is escaped, where a secret would no longer be found. */
function masked(report: Report, mask: (text: string) => string): Report {
  return {
    ...report,
    title: mask(report.title),
    cases: report.cases.map((one) => ({
      ...one,
      error: one.error && {
        ...one.error,
        message: mask(one.error.message),
        ...(one.error.hint === undefined ? {} : { hint: mask(one.error.hint) }),
      },
      lastLines: one.lastLines.map(mask),
    })),
  };
}

async function requireWritable(file: string): Promise<void> {
  try {
    makeDirectory(dirname(file), 0o777);
    // Appends nothing: what an earlier run left stays until there is something new.
    await (await open(file, "a")).close();
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `The report ${file} can't be written: ${whyUnwritable(error)}`,
      hint: "Name a file in a directory that you may write to.",
      cause: error,
    });
  }
}

function seconds(): number {
  return Math.floor(Date.now() / 1_000);
}

function fileOf(text: string): string {
  const [format = "", ...rest] = text.split("=");
  const file = rest.join("=");
  if (!(FORMATS as readonly string[]).includes(format)) {
    throw new WilcoError({
      code: "invalid_request",
      message: `--report has no format ${JSON.stringify(format)}`,
      hint: suggestion(format, FORMATS, "formats") ?? "Write --report junit=FILE.",
    });
  }
  if (file !== "") return file;
  throw new WilcoError({
    code: "invalid_request",
    message: `--report ${format} names no file`,
    hint: "Write --report junit=results.xml.",
  });
}
