/** What a YAML type makes of what a command printed and how it exited: real commands, no server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { matchFields } from "../../src/resource-types/regex-fields.ts";
import { parseResourceType } from "../../src/resource-types/parse-type.ts";
import type { OperationContext } from "../../src/resource-types/sdk.ts";
import { httpImplementation } from "../../src/resource-types/yaml-http.ts";
import { runImplementation } from "../../src/resource-types/yaml-run.ts";
import { callOperation } from "./context.ts";

const schemas = createSchemaValidator();

/** Runs one operation of that type, as the worker does. */
function call(operation: string, how: Record<string, unknown>, parameters = {}) {
  const descriptor = parseResourceType("thing", { operations: { [operation]: how } }, { schemas });
  const handler = (context: OperationContext) => {
    const implementation = descriptor.operations[operation]!.implementation!;
    return implementation.kind === "run"
      ? runImplementation(context, implementation)
      : httpImplementation(context, implementation);
  };
  return callOperation({ descriptor, handlers: { [operation]: handler } }, { operation, parameters });
}

const shell = (script: string) => ({ run: script, shell: true });
const lines = shell("printf '12 nginx 1.5\\n7 cron -\\n'");

describe("a result by regex", () => {
  it("has the groups of the first match, as what they are declared as", async () => {
    const regex = "^(?<pid>\\d+) (?<name>\\w+) (?:(?<load>[\\d.]+)|-)$";
    const result = { regex, flags: "m", fields: { pid: "integer", load: "number" } };
    await expect(call("look", { ...lines, result })).resolves.toEqual({ pid: 12, name: "nginx", load: 1.5 });
    await expect(call("look", { ...lines, result: { ...result, all: true } })).resolves.toEqual([
      { pid: 12, name: "nginx", load: 1.5 },
      { pid: 7, name: "cron", load: null },
    ]);
  });

  it("that matches nowhere fails, but with all it is an empty list, and a check says down", async () => {
    const result = { regex: "(?<port>\\d{5})" };
    await expect(call("look", { ...lines, result })).rejects.toMatchObject({ code: "no_match" });
    await expect(call("look", { ...lines, result: { ...result, all: true } })).resolves.toEqual([]);
    await expect(call("check", { ...lines, result })).resolves.toMatchObject({ availability: "down" });
    await expect(call("check", { ...lines, result: { regex: "(?<name>nginx)" } })).resolves.toEqual({
      availability: "up",
      exitCode: 0,
      name: "nginx",
    });
  });

  it("refuses a field that is not the number it is declared as", async () => {
    const result = { regex: "(?<name>nginx)", fields: { name: "integer" } };
    await expect(call("look", { ...lines, result })).rejects.toMatchObject({ code: "invalid_result" });
  });

  it("is given up when the pattern tries too many ways, or when the execution is aborted", async () => {
    const evil = { pattern: "^(?<all>(a+)+)$", flags: "", all: false, fields: {} };
    const text = `${"a".repeat(60)}!`;
    const never = new AbortController();
    await expect(matchFields(text, evil, { signal: never.signal, timeout: 200 })).rejects.toMatchObject({
      code: "regex_too_slow",
    });
    const canceled = new AbortController();
    const matching = matchFields(text, evil, { signal: canceled.signal, timeout: 60_000 });
    canceled.abort(new Error("canceled"));
    await expect(matching).rejects.toThrow("canceled");
  });

  it("is made of an HTTP answer too", async () => {
    const server = createServer((_request, response) => response.end("version=2.1 load=3"));
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const http = { url, result: { regex: "version=(?<version>\\S+)" } };
    await expect(call("look", { http })).resolves.toEqual({ version: "2.1" });
    await expect(call("look", { http: { url, result: { regex: "(?<no>nothing)" } } })).rejects.toMatchObject({
      code: "no_match",
    });
    await expect(call("check", { http })).resolves.toMatchObject({ availability: "up", status: 200, version: "2.1" });
  });
});

describe("exit codes", () => {
  const exitCodes = {
    0: { value: "running" },
    3: { value: { state: "stopped" } },
    4: { fails: "unknown_unit", message: "There is no such unit.", hint: "Install it." },
    5: { fails: "refused" },
    6: "ok",
  };
  const exit = (code: number) => call("look", { ...shell(`echo last words; exit ${code}`), exitCodes });

  it("are success with a value, or failure with a code", async () => {
    await expect(exit(0)).resolves.toBe("running");
    await expect(exit(3)).resolves.toEqual({ state: "stopped" });
    await expect(exit(4)).rejects.toMatchObject({
      code: "unknown_unit",
      message: "There is no such unit.",
      hint: "Install it.",
      details: { exitCode: 4, lastLines: ["last words"] },
    });
    await expect(exit(5)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("exited with code 5: last words"),
    });
    await expect(exit(6)).resolves.toEqual({ exitCode: 6 });
  });

  it("that are not named mean what they always do", async () => {
    await expect(exit(7)).rejects.toMatchObject({ code: "exit_code", details: { exitCode: 7 } });
    await expect(call("look", { ...shell("kill -9 $$"), exitCodes })).rejects.toMatchObject({
      code: "killed_by_signal",
    });
  });

  it("say of a check what it saw", async () => {
    const check = (code: number) =>
      call("check", {
        ...shell(`exit ${code}`),
        exitCodes: {
          2: { value: "down" },
          3: { value: { availability: "down", reason: "masked" } },
          4: { fails: "no_tool" },
          5: "ok",
        },
      });
    await expect(check(0)).resolves.toMatchObject({ availability: "up" });
    await expect(check(1)).resolves.toMatchObject({ availability: "down", exitCode: 1 });
    await expect(check(2)).resolves.toMatchObject({ availability: "down", exitCode: 2 });
    await expect(check(3)).resolves.toEqual({ availability: "down", exitCode: 3, reason: "masked" });
    await expect(check(4)).rejects.toMatchObject({ code: "no_tool" });
    await expect(check(5)).resolves.toMatchObject({ availability: "up", exitCode: 5 });
  });
});
