import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isRunning, findProcess } from "../../src/resource-types/process-table.ts";
import type { Log } from "../../src/resource-types/log.ts";
import { describeTypes } from "../../src/worker/handlers/describe.ts";
import { createHandlerPool, type HandlerPoolOptions } from "../../src/worker/handlers/pool.ts";
import type { OperationContext, ResourceTypeDefinition } from "../../src/resource-types/sdk.ts";
import { until } from "../resource-types/context.ts";
import { LIBRARY as library } from "../support/cli.ts";
import { createWorld, silentLog, temporaryDirectory } from "./world.ts";

/** Types of a file that holds a type "test" with these handlers, written as JavaScript. */
async function typesOf(handlers: Record<string, string>, before = ""): Promise<ResourceTypeDefinition[]> {
  const directory = await temporaryDirectory();
  const operations = Object.entries(handlers).map(
    ([name, handler]) => `${name}: { parameters: { type: "object" }, handler: ${handler} }`,
  );
  writeFileSync(
    join(directory, "test.mjs"),
    `import { spawn } from "node:child_process";
     import { EventEmitter } from "node:events";
     import { existsSync, writeFileSync } from "node:fs";
     import { defineResourceType, OperationError } from "wilco";
     const until = async (file) => { while (!existsSync(file)) await new Promise((go) => setTimeout(go, 5)) };
     ${before}
     export default defineResourceType({ name: "test", operations: { ${operations.join(",\n")} } });`,
  );
  return definitionsIn(directory);
}

async function definitionsIn(directory: string): Promise<ResourceTypeDefinition[]> {
  const files = await describeTypes(directory, { library });
  return files.flatMap(({ path, types }) =>
    types.map(({ descriptor }) => ({ descriptor, handlers: {}, source: { file: path, library, generation: 0 } })),
  );
}

const FOREVER = "new Promise(() => {})";
const BLOCK = "{ for (;;) {} }";
const steady = "() => process.pid";
/** Until its file is there. */
const slow = `async ({ output, parameters }) => { await output("here"); await until(parameters.file); return process.pid }`;

describe("a handler in a process of its own", () => {
  it("gets all that a handler gets, and what it says arrives", async () => {
    const types = await typesOf({
      all: `async (context) => {
        await context.output("bytes: ");
        await context.output(new Uint8Array([104, 105, 10]));
        console.log("printed");
        console.error("printed as an error");
        context.progress(1, 2, "half");
        const { stdout, exitCode } = await context.exec([process.execPath, "-e", "console.log('from a command')"]);
        writeFileSync(context.tempDir + "/file", "x");
        context.log.info({ error: new Error("logged") }, "a line");
        const { entry, attempt, operation, parameters, resource, deadline, tempDir, state } = context;
        return { entry, attempt, operation, parameters, resource, tempDir, state, stdout, exitCode, left: deadline - Date.now() > 0 };
      }`,
    });
    const { server, worker, stateDir } = await createWorld({ types });
    await worker.start();
    const entry = server.submit({ operation: "all", parameters: { a: [1] } });
    const { status, result, error } = await server.finished(entry);
    expect({ status, error }).toEqual({ status: "succeeded", error: undefined });
    expect(result).toMatchObject({
      entry,
      attempt: 1,
      operation: "all",
      parameters: { a: [1] },
      resource: { name: "thing", type: "test" },
      tempDir: join(stateDir, "tmp", `${entry}-1`),
      state: join(stateDir, "types", "test"),
      stdout: "from a command\n",
      exitCode: 0,
      left: true,
    });
    expect(server.text(entry, "stdout")).toContain("bytes: hi\n");
    expect(server.text(entry, "stdout")).toContain("printed\n");
    expect(server.text(entry, "stdout")).toContain("from a command\n");
    expect(server.text(entry, "stderr")).toContain("printed as an error\n");
    expect(server.entries.get(entry)!.progress.at(-1)).toEqual({ done: 1, total: 2, text: "half" });
    expect(readdirSync(join(stateDir, "tmp")).filter((name) => !name.startsWith("handlers-"))).toEqual([]);
  });

  it("that fails, exits, is killed or throws where nobody catches it harms its own execution and nothing else", async () => {
    const never = `return ${FOREVER}`;
    const bad: Record<string, [handler: string, error: object]> = {
      ownError: [
        `() => { throw new OperationError({ code: "not_ready", message: "Not yet.", hint: "Wait.", details: { n: 1 } }) }`,
        { code: "not_ready", message: "Not yet.", hint: "Wait.", details: { n: 1 } },
      ],
      anyText: [`() => { throw "a text" }`, { code: "handler_threw", message: "a text" }],
      noJson: ["() => ({ f() {} })", { code: "invalid_result" }],
      exit: [
        "() => process.exit(0)",
        { code: "handler_exited", details: { exitCode: 0, signal: null, lastLines: [] } },
      ],
      killed: [
        `() => { process.kill(process.pid, "SIGKILL"); ${never} }`,
        { code: "handler_exited", message: expect.stringContaining("SIGKILL") as string },
      ],
      timer: [
        `() => { setTimeout(() => { throw new Error("late") }); ${never} }`,
        { code: "handler_threw", message: expect.stringContaining("in a timer or callback: late") as string },
      ],
      listener: [
        `() => { const e = new EventEmitter(); e.on("x", () => { throw new Error("heard") }); setImmediate(() => e.emit("x")); ${never} }`,
        { code: "handler_threw", message: expect.stringContaining("heard") as string },
      ],
      disconnect: [`() => { process.disconnect(); ${never} }`, { code: "handler_exited" }],
      unsendable: [`({ exec }) => exec(["true"], { env: { f() {} } })`, { code: "handler_threw" }],
    };
    const wait = `async ({ output, parameters }) => { await output("here"); await until(parameters.file); return "whole" }`;
    const types = await typesOf({
      ...Object.fromEntries(Object.entries(bad).map(([name, [handler]]) => [name, handler])),
      wait,
      steady,
    });
    const file = join(await temporaryDirectory(), "go");
    const { server, worker } = await createWorld({ types });
    await worker.start();
    const beside = server.submit({ operation: "wait", parameters: { file } });
    await server.reported(beside);
    for (const [name, [, error]] of Object.entries(bad)) {
      const { status, error: told } = await server.finished(server.submit({ operation: name }));
      expect({ name, status, error: told }).toMatchObject({
        name,
        status: "failed",
        error: { source: "operation", ...error },
      });
    }
    writeFileSync(file, "");
    expect(await server.finished(beside)).toMatchObject({ status: "succeeded", result: "whole" });
    expect(await server.finished(server.submit({ operation: "steady" }))).toMatchObject({ status: "succeeded" });
  });

  it("that uses up its memory fails with that reason", async () => {
    const types = await typesOf({ leak: `() => { const kept = []; for (;;) kept.push(new Array(100_000).fill({})) }` });
    const { run } = await openPool(types, { heap: 32 });
    await expect(run("leak")).rejects.toMatchObject({ code: "handler_out_of_memory" });
  });

  it("that blocks for ever ends when it is canceled, with everything it started", async () => {
    const types = await typesOf({
      block: `({ parameters }) => { writeFileSync(parameters.file, process.pid + " " + spawn("sleep", ["1000"]).pid); ${BLOCK} }`,
    });
    const file = join(await temporaryDirectory(), "pids");
    const { server, worker } = await createWorld({ types, timing: { heartbeat: 100 } });
    await worker.start();
    const entry = server.submit({ operation: "block", parameters: { file } });
    await until(() => existsSync(file) && readFileSync(file, "utf8") !== "");
    const running = readFileSync(file, "utf8")
      .split(" ")
      .map((pid) => findProcess(Number(pid))!);
    expect(running.every(isRunning)).toBe(true);
    server.cancel(entry);
    const { status, error } = await server.finished(entry);
    expect(status).toBe("canceled");
    expect(error!.message).toContain("Its handler ignored that, and its process was killed.");
    expect(running.some(isRunning)).toBe(false);
  });

  it("that blocks for ever ends at its timeout, and its slot is free again", async () => {
    const types = await typesOf({ block: `() => ${BLOCK}`, steady });
    const { server, worker, stateDir } = await createWorld({ types, capacity: 1 });
    await worker.start();
    const entry = server.submit({ operation: "block", deadlineIn: 500 });
    expect((await server.finished(entry)).status).toBe("timed_out");
    expect(await server.finished(server.submit({ operation: "steady" }))).toMatchObject({ status: "succeeded" });
    expect(readdirSync(join(stateDir, "tmp")).filter((name) => name.startsWith("handlers-"))).toHaveLength(1);
  });

  it("sees its cancel, and may end in peace", async () => {
    const types = await typesOf({
      kind: `async ({ signal, output }) => { await output("on"); await new Promise((go) => signal.addEventListener("abort", go)); await output(" bye: " + signal.reason.why); throw signal.reason }`,
    });
    const { server, worker } = await createWorld({ types, timing: { heartbeat: 100 } });
    await worker.start();
    const entry = server.submit({ operation: "kind" });
    await server.reported(entry);
    server.cancel(entry);
    const { status, error } = await server.finished(entry);
    expect(status).toBe("canceled");
    expect(error!.message).not.toContain("killed");
    expect(server.text(entry)).toBe("on bye: cancel");
  });
});

async function openPool(types: ResourceTypeDefinition[], more: Partial<HandlerPoolOptions> = {}) {
  const directory = await temporaryDirectory();
  const log: Log = more.log ?? silentLog;
  const pool = createHandlerPool({ types, directory, killGrace: 300, log, ...more });
  onTestFinished(() => pool.stop());
  let entry = 0;
  const output: string[] = [];
  const run = (operation: string, context: Partial<OperationContext> = {}) => {
    const type = types[0]!;
    return pool.run(type.source!, {
      entry: ++entry,
      attempt: 1,
      operation,
      parameters: {},
      resource: { id: 1, name: "thing", type: "test", zone: "default", labels: {}, connection: {} },
      signal: new AbortController().signal,
      deadline: Date.now() + 60_000,
      tempDir: directory,
      state: directory,
      log,
      output: async (data) => void output.push(Buffer.from(data as string).toString("utf8")),
      progress() {},
      content: async (parameter) => `/of/${String(parameter)}`,
      exec: () => Promise.reject(new Error("no commands here")),
      ...context,
    });
  };
  let reached = 0;
  let look = () => {};
  const file = join(directory, "open");
  /** Executions of "slow": when they are there, and their going on. */
  const gate = {
    run: () =>
      run("slow", {
        parameters: { file },
        output: async () => {
          reached++;
          look();
        },
      }),
    reached: (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (reached >= count) resolve();
        };
        look();
      }),
    open: () => writeFileSync(file, ""),
  };
  return {
    pool,
    run,
    gate,
    directory,
    output,
    processes: () => readdirSync(directory).filter((name) => name.startsWith("handlers-")),
  };
}

describe("the processes for handlers", () => {
  it("are used again, one for each execution at the same time", async () => {
    const { run, processes, gate } = await openPool(await typesOf({ steady, slow }));
    const first = await run("steady");
    expect(await run("steady")).toBe(first);
    const slow3 = [gate.run(), gate.run(), gate.run()];
    await gate.reached(3);
    expect(processes()).toHaveLength(3);
    gate.open();
    const pids = await Promise.all(slow3);
    expect(new Set(pids).size).toBe(3);
    expect(pids).toContain(first);
  });

  it.each([
    ["a timer", "() => { setInterval(() => {}, 1000); return process.pid }"],
    ["a process", `() => { spawn("sleep", ["1000"]); return process.pid }`],
  ])("end, with everything in them, when a handler leaves %s behind", async (_what, leave) => {
    const { run } = await openPool(await typesOf({ leave, steady }));
    const first = findProcess((await run("leave")) as number);
    expect(await run("steady")).not.toBe(first!.pid);
    await until(() => !isRunning(first!));
  });

  it("do not blame an execution for what an earlier one throws", async () => {
    const threw = Promise.withResolvers<object>();
    const log: Log = { ...silentLog, error: (fields) => threw.resolve(fields) };
    const types = await typesOf(
      {
        // Not counted as left behind, because it keeps nothing alive.
        late: "({ parameters }) => { void until2(parameters.file); return process.pid }",
        slow,
        steady,
      },
      `function until2(file) { setTimeout(() => { if (existsSync(file)) throw new Error("too late"); until2(file) }, 5).unref() }`,
    );
    const { run, gate, directory } = await openPool(types, { log });
    const file = join(directory, "throw");
    const pid = await run("late", { parameters: { file } });
    const during = gate.run();
    await gate.reached(1);
    writeFileSync(file, "");
    expect(await threw.promise).toMatchObject({ entry: 1, during: 2, error: "too late" });
    gate.open();
    expect(await during).toBe(pid);
    expect(await run("steady")).not.toBe(pid);
  });

  it("are kept up to the least number, and above it only while they are used", async () => {
    const { pool, run, processes, gate } = await openPool(await typesOf({ steady, slow }), { min: 1, idleTime: 50 });
    await pool.warm();
    expect(processes()).toHaveLength(1);
    const all = [gate.run(), gate.run(), gate.run()];
    await gate.reached(3);
    expect(processes()).toHaveLength(3);
    gate.open();
    await Promise.all(all);
    await until(() => processes().length === 1);
    expect(await run("steady")).toBeTypeOf("number");
    await pool.stop();
    expect(processes()).toEqual([]);
  });

  it("lose no output, whoever of the handler's writes it", async () => {
    const flood = `async () => {
      for (let i = 0; i < 2_000; i++) console.log("line", i);
      const child = spawn(process.execPath, ["-e", "console.log('inherited')"], { stdio: "inherit" });
      await new Promise((go) => child.on("exit", go));
      console.log("last");
    }`;
    const { run, output } = await openPool(await typesOf({ flood }));
    await run("flood");
    const lines = output.join("").split("\n");
    expect(lines.filter((line) => /^line \d+$/.test(line))).toHaveLength(2_000);
    expect(lines.slice(-3)).toEqual(["inherited", "last", ""]);
  });
});

describe("files of types", () => {
  it.each([
    ["a syntax error", "export default {{", "does not load"],
    ["no type", "export default 5", "has no resource type as its default export"],
    ["one that exits", "process.exit(7)", "exit code 7"],
    [
      "one that throws in a timer",
      "setTimeout(() => { throw new Error('early') }); await new Promise(() => {})",
      "not come to its end within",
    ],
    ["one that never ends", BLOCK, "not come to its end within"],
  ])("with %s are refused with a clear line", async (_what, source, message) => {
    const directory = await temporaryDirectory();
    writeFileSync(join(directory, "bad.mjs"), source);
    await expect(
      describeTypes(directory, { library, timeout: message.startsWith("not come to its end within") ? 1_500 : 60_000 }),
    ).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining(message) as string,
    });
  });

  it("do not run in the worker's own process", async () => {
    const types = await typesOf({ steady }, `globalThis.wilcoTestLoaded = true;`);
    expect(types.map((type) => type.descriptor.name)).toEqual(["test"]);
    expect("wilcoTestLoaded" in globalThis).toBe(false);
  });
});
