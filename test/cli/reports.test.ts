/** JUnit XML against its schema, annotations and summaries as GitHub reads them, and both from real runs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { validateXML } from "xmllint-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { githubAnnotations, githubSummary } from "../../src/cli/reports/github.ts";
import { junitXml } from "../../src/cli/reports/junit.ts";
import type { Report, ReportCase } from "../../src/cli/reports/report.ts";
import { cliWorld, type CliWorld } from "./world.ts";

const SCHEMA = readFileSync(new URL("junit.xsd", import.meta.url), "utf8");

async function faultsOf(xml: string): Promise<string[]> {
  const { errors } = await validateXML({
    xml: [{ fileName: "report.xml", contents: xml }],
    schema: [{ fileName: "junit.xsd", contents: SCHEMA }],
  });
  return errors.map(({ message }) => message);
}

const oneCase = (more: Partial<ReportCase>): ReportCase => ({
  name: "web-1",
  operation: "process.restart",
  entry: 7,
  status: "succeeded",
  seconds: 1.25,
  error: null,
  lastLines: [],
  ...more,
});
const failed = (message: string, more: Partial<ReportCase> = {}): ReportCase =>
  oneCase({ status: "failed", error: { code: "exit_code", message, source: "operation" }, ...more });
const reportOf = (...cases: ReportCase[]): Report => ({
  title: "exec tier=web restart",
  server: "http://127.0.0.1:1",
  startedAt: new Date("2026-01-02T03:04:05.678Z"),
  seconds: 2,
  cases,
});

describe("A JUnit report", () => {
  it("fits the schema, and counts as failures what the work did and as errors the rest", async () => {
    const xml = junitXml(
      reportOf(
        oneCase({}),
        failed("It ended with exit code 3", { lastLines: ["one", "two"] }),
        failed("No worker", {
          error: { code: "no_worker", message: "No worker", source: "system", hint: "Start one" },
        }),
        oneCase({ status: "timed_out", error: { code: "timeout", message: "Too slow", source: "operation" } }),
        oneCase({ status: "canceled", error: { code: "canceled", message: "By bob", source: "operation" } }),
        oneCase({ status: "lost", error: { code: "worker_lost", message: "Gone", source: "system" } }),
        oneCase({ status: "open", error: { code: "not_ended", message: "Runs", source: "system" } }),
        failed("The script threw", { entry: null, operation: "script", name: "deploy.ts" }),
      ),
    );
    expect(await faultsOf(xml)).toEqual([]);
    expect(xml).toContain('tests="8" failures="3" errors="4" skipped="0"');
    expect(xml).not.toContain("<skipped");
  });

  it("survives whatever operations print", async () => {
    const nasty = `<a & "b" 'c'> ]]> \u0000\u0007\u001b[31m \ud800 \ufffe \r\n\ttab ümläut 🔑`;
    const xml = junitXml(reportOf(failed(nasty, { name: `we"b&<1>`, lastLines: [nasty, nasty] })));
    expect(await faultsOf(xml)).toEqual([]);
    expect(xml).toContain("🔑");
  });
});

describe("GitHub", () => {
  it("gets an annotation for each case that did not succeed, with its place, at most ten", () => {
    const place = { file: "ops/deploy.ts", line: 12, column: 5 };
    const [line] = githubAnnotations(
      reportOf(oneCase({}), failed("a: b, 100%\nnext", { entry: null, name: "d,e", place })),
    );
    expect(line).toBe("::error file=ops/deploy.ts,line=12,col=5,title=d%2Ce failed::a: b, 100%25%0Anext");
    const many = githubAnnotations(reportOf(...Array.from({ length: 25 }, () => failed("x"))));
    expect(many).toHaveLength(10);
    expect(many.at(-1)).toContain("16 more did not succeed");
  });

  it("gets a table in which nothing that was printed is markup", () => {
    const summary = githubSummary(reportOf(oneCase({}), failed("a | <b>\n`c`", { name: "web|2" })));
    const rows = summary.split("\n").filter((line) => line.startsWith("| "));
    expect(rows).toHaveLength(4);
    expect(rows[2]).toBe("| ❌ failed | web\\|2 | process.restart | 1.2s | 7 | a \\| \\<b\\> \\`c\\` |");
    expect(summary).toContain("1 of 2 succeeded in 2s");
  });
});

describe("A command in CI", () => {
  let world: CliWorld;
  beforeAll(async () => {
    world = await cliWorld(`
types:
  thing:
    operations:
      good: { run: [echo, fine] }
      mixed: { run: [sh, -c, 'echo "::error::forged"; echo "on $1"; test "$1" != b', sh, "{{resource.name}}"] }
resources:
  a: { type: thing }
  b: { type: thing }
`);
  });
  afterAll(() => world.stop());

  const read = (name: string) => readFileSync(join(world.dir, name), "utf8");

  it("writes the report of exec, annotates and summarises under GitHub Actions", async () => {
    const ran = await world.run(["exec", "type=thing", "mixed", "--report", "junit=out/results.xml"], {
      env: { CI: "true", GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: join(world.dir, "summary.md") },
    });
    expect(ran.code).toBe(5);
    expect(await faultsOf(read("out/results.xml"))).toEqual([]);
    expect(read("out/results.xml")).toMatch(/<testcase name="a" classname="thing.mixed" time="\d+\.\d{3}"\/>/);
    expect(read("out/results.xml")).toMatch(/<failure message="[^"]+" type="exit_code">[^<]+\non b<\/failure>/);
    expect(ran.stderr).toMatch(/^::error title=b thing.mixed failed::.*wilco entry show \d+.*on b$/m);
    // What operations print is no command of ours.
    const token = /^::stop-commands::(\S+)$/m.exec(ran.stderr)?.[1];
    expect(ran.stderr.indexOf(`\n::${token}::\n`)).toBeGreaterThan(0);
    expect(ran.stderr.indexOf(`\n::${token}::\n`)).toBeLessThan(ran.stderr.indexOf("::error title=b"));
    expect(read("summary.md")).toMatch(/1 of 2 succeeded[\s\S]*\| ❌ failed \| b \|[\s\S]*\| ✅ succeeded \| a \|/);
  });

  it("writes the report of run: what the script filed, and the script with the place where it threw", async () => {
    const script = world.file(
      "deploy.ts",
      `import { resource } from "wilco";
await resource("a").good();
await resource("b").mixed().outcome();
throw new Error("version is missing");
`,
    );
    const ran = await world.run(["run", "--report", "junit=run.xml", script], {
      env: { CI: "true", GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: "" },
    });
    expect(ran.code).toBe(1);
    expect(await faultsOf(read("run.xml"))).toEqual([]);
    expect(read("run.xml")).toContain('tests="3" failures="2" errors="0"');
    expect(ran.stderr).toContain("::error file=deploy.ts,line=4,col=7,");
  });

  it("folds its live output into a section under GitLab", async () => {
    const ran = await world.run(["exec", "a", "good"], { env: { CI: "true", GITLAB_CI: "true" } });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe("fine\n");
    const name = /section_start:\d+:(\w+)\r/.exec(ran.stderr)?.[1];
    expect(ran.stderr).toMatch(new RegExp(`section_end:\\d+:${name}\\r`));
  });

  it("refuses a report that can't be written before anything is submitted", async () => {
    const unknown = await world.run(["exec", "a", "good", "--report", "junitt=x.xml"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('Did you mean "junit"?');
    const impossible = await world.run(["exec", "a", "good", "--report", `junit=${world.dir}`]);
    expect(impossible.code).toBe(2);
    expect(impossible.stderr).toContain("can't be written");
    expect(impossible.stderr).not.toContain("entry");
  });
});
