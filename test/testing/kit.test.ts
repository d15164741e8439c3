/** The kit that authors test their types with: no server, the worker's own steps. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { defineResourceType, type OperationContext, OperationError, parametersOf } from "../../src/index.ts";
import { readType, testResourceType } from "../../src/testing.ts";

class Counter {
  #calls = 0;

  async count({ parameters, progress, output, resource }: OperationContext) {
    this.#calls += 1;
    progress(1, 2, "half");
    await output(`with ${resource.connection["token"] as string}\n`);
    return { calls: this.#calls, step: parameters["step"], token: resource.connection["token"] };
  }

  fail() {
    throw new OperationError({ code: "broken", message: "It is broken.", hint: "Mend it." });
  }

  wrong() {
    return { cuont: 1 };
  }

  async run({ exec }: OperationContext) {
    return (await exec(["tool", "--version"])).stdout;
  }

  async forever({ signal, exec }: OperationContext) {
    await exec(["/bin/sh", "-c", "echo started; sleep 60"]);
    signal.throwIfAborted();
  }
}

const counter = defineResourceType({
  name: "counter",
  connection: parametersOf({ token: { type: "string", secret: true }, port: { type: "integer", default: 80 } }),
  operations: {
    count: { parameters: parametersOf({ step: { type: "integer", default: 1 } }) },
    fail: {},
    wrong: { result: parametersOf({ count: { type: "integer" } }, ["count"]) },
    run: {},
    forever: { timeout: "1m" },
    own: { handler: ({ tempDir, state }) => ({ tempDir, state }) },
  },
  handlers: new Counter(),
});

describe("handlers of a class", () => {
  it("are its methods, on one instance", async () => {
    const connection = { token: "s3cret-token" };
    const first = await testResourceType(counter, { operation: "count", connection });
    expect(first).toMatchObject({
      status: "succeeded",
      error: null,
      // Defaults are filled in, and secrets leave no worker.
      result: { calls: 1, step: 1, token: "********" },
      output: "with ********\n",
      progress: [{ done: 1, total: 2, text: "half" }],
    });
    const second = await testResourceType(counter, { operation: "count", connection, parameters: { step: 3 } });
    expect(second.result).toMatchObject({ calls: 2, step: 3 });
  });

  it("are all there, or the type is none", () => {
    const missing = () => defineResourceType({ name: "x", operations: { cuont: {} }, handlers: new Counter() });
    expect(missing).toThrow(
      expect.objectContaining({ message: "x.cuont has no handler.", hint: 'Did you mean "count"?' }),
    );
    expect(() => defineResourceType({ name: "x", operations: { go: {} } })).toThrow("x.go has no handler.");
  });
});

describe("the test kit", () => {
  it("tells failures as an entry has them", async () => {
    await expect(testResourceType(counter, { operation: "fail" })).resolves.toMatchObject({
      status: "failed",
      result: null,
      error: { code: "broken", message: "It is broken.", hint: "Mend it.", source: "operation" },
    });
    const { error } = await testResourceType(counter, { operation: "count", parameters: { stpe: 1 } });
    expect(error).toMatchObject({ code: "invalid_parameters", hint: 'Did you mean "step"?' });
    const mismatch = await testResourceType(counter, { operation: "wrong" });
    expect(mismatch.error).toMatchObject({
      code: "result_mismatch",
      message: expect.stringContaining('"cuont" is unknown'),
    });
  });

  it("rejects what is the test's own mistake", async () => {
    await expect(testResourceType(counter, { operation: "cont" })).rejects.toMatchObject({
      code: "unknown_operation",
      hint: 'Did you mean "count"?',
    });
    await expect(testResourceType(counter, { operation: "count", connection: { prot: 1 } })).rejects.toMatchObject({
      code: "invalid_inventory",
    });
  });

  it("aborts when it is told to, and at the deadline, with all that was started", async () => {
    const run = testResourceType(counter, { operation: "forever", onOutput: () => run.abort(), killGrace: 50 });
    await expect(run).resolves.toMatchObject({ status: "canceled", error: { code: "canceled" }, stdout: "started\n" });
    const late = testResourceType(counter, { operation: "forever", onOutput: () => late.abort("deadline") });
    await expect(late).resolves.toMatchObject({ status: "timed_out" });
    const short = testResourceType(counter, { operation: "forever", timeout: "1ms" });
    await expect(short).resolves.toMatchObject({ status: "timed_out", error: { code: "timeout" } });
  });

  it("puts a function in the place of commands", async () => {
    const exec = (argv: readonly string[]) => ({ stdout: `${argv.join(" ")} 1.0` });
    await expect(testResourceType(counter, { operation: "run", exec })).resolves.toMatchObject({
      result: "tool --version 1.0",
      stdout: "tool --version 1.0",
    });
    const failing = await testResourceType(counter, {
      operation: "run",
      exec: () => ({ exitCode: 3, stderr: "no such tool" }),
    });
    expect(failing.error).toMatchObject({ code: "exit_code", message: "tool exited with code 3: no such tool" });
  });

  it("reads a configuration back after an update, as a worker does", async () => {
    let port = 1;
    const type = defineResourceType({
      name: "service",
      configuration: parametersOf({ port: { type: "integer" } }),
      operations: {
        readConfiguration: { handler: () => ({ port }) },
        updateConfiguration: {
          handler: ({ parameters }) => {
            const wanted = (parameters["configuration"] as { port: number }).port;
            // One that it does not take, without a word.
            if (wanted < 1_000) port = wanted;
          },
        },
      },
    });
    const update = (wanted: number) =>
      testResourceType(type, { operation: "updateConfiguration", parameters: { configuration: { port: wanted } } });
    expect((await update(2)).result).toMatchObject({ verified: true });
    expect((await update(8_080)).error).toMatchObject({ code: "not_verified" });
  });

  it("gives directories that are gone afterwards", async () => {
    const { result } = await testResourceType(counter, { operation: "own" });
    expect(() => writeFileSync(join(result.tempDir, "x"), "")).toThrow("ENOENT");
    expect(() => writeFileSync(join(result.state, "x"), "")).toThrow("ENOENT");
  });

  it("runs types in YAML, with real commands or none", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wilco-kit-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, "thing.yaml");
    writeFileSync(
      file,
      `types:
  thing:
    connection: { type: object, properties: { word: { type: string } }, required: [word] }
    operations:
      say:
        parameters: { type: object, properties: { times: { type: integer, default: 2 } } }
        run: [echo, "{{connection.word}}", "{{parameters.times}}"]
        result: { regex: '(?<word>\\w+) (?<times>\\d+)', fields: { times: integer } }
`,
    );
    const thing = await readType(file);
    const connection = { word: "hello" };
    await expect(testResourceType(thing, { operation: "say", connection })).resolves.toMatchObject({
      status: "succeeded",
      result: { word: "hello", times: 2 },
      stdout: "hello 2\n",
    });
    const exec = () => ({ stdout: "other 5" });
    const faked = await testResourceType(thing, { operation: "say", connection, exec });
    expect(faked.result).toEqual({ word: "other", times: 5 });
    writeFileSync(file, "types:\n  thing:\n    operations:\n      say: { rnu: [echo] }\n");
    await expect(readType(file)).rejects.toThrow(`${file}:4:14: types.thing.operations.say.rnu: is unknown here`);
  });
});
