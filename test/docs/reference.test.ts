/** The tables of the pages name what the code has, all of it, and nothing else. */
import { readFileSync } from "node:fs";
import { join, normalize } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { OPTION_KEYS } from "../../src/client/call-options.ts";
import { REQUEST_OPTION_KEYS } from "../../src/client/request-options.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { ERROR_STATUS } from "../../src/core/errors.ts";
import { WHY_REASONS } from "../../src/domain/why.ts";
import { URGENCY } from "../../src/operations/doctor/doctor.ts";
import { builtinTypes } from "../../src/resource-types/builtin.ts";
import { paths } from "../../src/protocol/paths.ts";
import { codesOf, readPage, ROOT, rowsOf, sectionOf } from "./markdown.ts";

const cli = readPage("docs/cli.md").text;
const scripting = readPage("docs/scripting.md").text;
const typePages = ["docs/resource-types.md", "docs/docker-systemd-postgres.md"].map((path) => readPage(path).text);
const operations = readPage("docs/operations.md").text;
const httpApi = readPage("docs/http-api.md").text;

const sorted = (words: Iterable<string>) => [...new Set(words)].toSorted();
const firstCodes = (text: string) => rowsOf(text).flatMap(([first = ""]) => codesOf(first));

describe("docs/cli.md", () => {
  const program = buildProgram({ run: async () => {} });
  const global = flagsOf(program);
  /** Flags that several commands share stand in sections of their own, which a command's section links to. */
  const shared = {
    "(#flags-of-waiting)": "Flags of waiting",
    "(#flags-of-work)": "Flags of work",
    "(#flags-of-filing)": "Flags of filing",
    "(#idempotency-keys)": "Idempotency keys",
    "(#reports)": "Reports",
  };

  it("has the flags that all commands have", () => {
    expect(flagsIn(sectionOf(cli, "Flags that all commands have"))).toEqual(global);
  });

  it.for(leavesOf(program).map((command) => ({ name: nameOf(command), command })))(
    "has every flag of $name, and no other",
    ({ name, command }) => {
      const section = sectionOf(cli, name);
      const common = Object.entries(shared).flatMap(([link, heading]) =>
        section.includes(link) ? flagsIn(sectionOf(cli, heading)) : [],
      );
      const own = flagsOf(command).filter((flag) => !global.includes(flag));
      expect(sorted([...flagsIn(section), ...common])).toEqual(own);
    },
  );

  it("has no example in the help with a flag that there is not", () => {
    const wrong = leavesOf(program).flatMap((command) => {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      const examples = help.split(/\nExamples?:\n/)[1] ?? "";
      const own = [...flagsOf(command), ...global];
      // Of a script or of another program are those behind a file, a pipe or "--".
      const used = examples
        .split("\n")
        .flatMap((line) => (line.split(/ -- | \| |\.ts /)[0] ?? "").match(/ --?[a-z][a-z-]*/g) ?? []);
      return used
        .map((flag) => flag.trim())
        .filter((flag) => !own.includes(flag))
        .map((flag) => `${nameOf(command)} ${flag}`);
    });
    expect(wrong).toEqual([]);
  });

  it("is short, so the help of each command has an example that begins with it", () => {
    const without = leavesOf(program).filter((command) => {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      return !new RegExp(`Examples?:\\n[^]*wilco ${nameOf(command).replace(/^wilco /, "")}\\b`).test(help);
    });
    expect(without.map(nameOf)).toEqual([]);
  });

  function flagsOf(command: Command): string[] {
    const ofProgram = command.parent === null ? ["--version", "-V"] : [];
    const flags = command.options
      .filter((option) => !option.hidden)
      .flatMap(({ short, long }) => [short ?? [], long ?? []].flat());
    return sorted(flags.filter((flag) => !ofProgram.includes(flag)));
  }

  function flagsIn(text: string): string[] {
    return sorted(firstCodes(text).flatMap((code) => /^--?[a-z][a-z-]*/.exec(code) ?? []));
  }

  function leavesOf(command: Command): Command[] {
    // One that has flags is a command itself, besides those below it ("history", "history tree").
    const itself = command.commands.length === 0 || (command.parent !== null && command.options.length > 0);
    return [...(itself ? [command] : []), ...command.commands.flatMap(leavesOf)];
  }

  function nameOf(command: Command): string {
    return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
  }
});

describe("the README's exit codes", () => {
  it("are those of the contract", () => {
    const documented = rowsOf(sectionOf(readPage("README.md").text, "Exit codes")).map(([code]) => code!);
    expect(documented.toSorted()).toEqual([...Object.values(EXIT).map(String), "10–99", "128 + n"].toSorted());
  });
});

describe("the README's command", () => {
  it("is the file that the package names as its command", () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { bin: { wilco: string } };
    expect(readPage("README.md").text).toContain(
      `alias wilco="$PWD/node_modules/.bin/node $PWD/${normalize(bin.wilco)}"`,
    );
  });
});

describe("docs/scripting.md", () => {
  it("has every option of a call", () => {
    expect(sorted(firstCodes(sectionOf(scripting, "Options of a call")))).toEqual(sorted(OPTION_KEYS));
  });

  it("has every option of a request", () => {
    const own = sorted(firstCodes(sectionOf(scripting, "Options of a request")));
    expect(own).toEqual(sorted(REQUEST_OPTION_KEYS));
  });

  it("has every setting of a poll policy", () => {
    const settings = ["delay", "limit", "backoff", "maxDelay", "jitter", "waitTimeout", "onLimit"];
    expect(sorted(firstCodes(sectionOf(scripting, "Poll policy")))).toEqual(sorted(settings));
  });
});

describe("the pages of the built-in types", () => {
  it.for(builtinTypes.map(({ descriptor }) => descriptor))(
    "has every operation, parameter and connection setting of $name",
    (type) => {
      const page = typePages.find((text) => text.includes(`\n## ${type.name}\n`)) ?? "";
      const section = sectionOf(page, type.name);
      const rows = rowsOf(section);
      const operations = rows.filter((row) => row.length === 4);
      expect(sorted(operations.flatMap(([first]) => codesOf(first!)))).toEqual(sorted(Object.keys(type.operations)));
      for (const [first, parameters, , atOnce] of operations) {
        const operation = type.operations[codesOf(first!)[0]!]!;
        expect(codesOf(parameters!)).toEqual(
          expect.arrayContaining(Object.keys(operation.parameters["properties"] ?? {})),
        );
        expect([operation.name, atOnce]).toEqual([operation.name, operation.exclusive ? "one" : "many"]);
      }
      const connection = Object.keys(type.connection["properties"] ?? {});
      const documented = rows.filter((row) => row.length === 3).flatMap(([first]) => codesOf(first!));
      expect(sorted(documented)).toEqual(sorted(connection));
    },
  );
});

describe("docs/operations.md", () => {
  it("has every reason of why, and no other", () => {
    expect(sorted(firstCodes(sectionOf(operations, "Why")))).toEqual(sorted(WHY_REASONS));
  });

  it("has every finding of the doctor, and no other", () => {
    expect(sorted(firstCodes(sectionOf(operations, "Doctor")))).toEqual(sorted(URGENCY));
  });
});

describe("docs/http-api.md", () => {
  it("has every path of the API", () => {
    const all = Object.values(paths).map((path) => (typeof path === "string" ? path : path("X")));
    const documented = firstCodes(sectionOf(httpApi, "Calls")).map((call) =>
      call.replace(/^[A-Z]+ /, "").replace(/\{[a-z]+\}/, "X"),
    );
    expect(sorted(documented)).toEqual(sorted(all));
  });

  it("lists codes under the status that they travel with", () => {
    const wrong = rowsOf(sectionOf(httpApi, "Errors")).flatMap(([statuses = "", codes = ""]) => {
      const allowed = statuses.split(", ").map(Number);
      return codesOf(codes).filter((code) => !allowed.includes(ERROR_STATUS[code as keyof typeof ERROR_STATUS]));
    });
    expect(wrong).toEqual([]);
  });
});
