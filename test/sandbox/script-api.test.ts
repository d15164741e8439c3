import { describe, expect, it } from "vitest";
import { createFakePort } from "./fake-port.ts";
import { runScript } from "./world.ts";

describe("the script API in the sandbox", () => {
  it("looks resources up synchronously and awaits an operation's result", async () => {
    const ran = await runScript(`
      import { resource, resources } from "wilco";
      const web: { name: string } = resource("web-1");
      console.log(web.name, resources({ labels: { tier: "web" } }).length, resources().batches(1).length);
      console.log(await resource("web-1").restart({ graceful: true }, { note: "why" }));
    `);
    expect(ran).toMatchObject({ kind: "completed", unobservedFailures: [], running: [] });
    expect(ran.stdout).toBe("web-1 2 2\n{ done: 'restart' }\n");
    expect(ran.port.calls.find(([name]) => name === "submit")![1]).toMatchObject({
      resource: 1,
      operation: "restart",
      parameters: { graceful: true },
      note: "why",
    });
    expect(ran.port.calls).toContainEqual(["resources", "tier=web", undefined]);
  });

  it("awaits many executions at once", async () => {
    const ran = await runScript(`
      import { resource } from "wilco";
      const web = resource("web-1");
      const results = await Promise.all(Array.from({ length: 1_000 }, () => web.restart()));
      console.log(results.length, new Set(results.map((result) => result.done)).size);
    `);
    expect(ran.stdout).toBe("1000 1\n");
    expect(ran.port.filed).toHaveLength(1_000);
  });

  it("throws the classes that the module exports, with the entry", async () => {
    const port = createFakePort({
      run: () => ({ status: "failed", error: { code: "exit_code", message: "it exited with 3", source: "operation" } }),
    });
    const ran = await runScript(
      `
      import { OperationFailed, WilcoError, resource } from "wilco";
      try { await resource("web-1").restart(); } catch (error) {
        console.log(error instanceof OperationFailed, error instanceof WilcoError, error.code, error.entry.id, error.entry.status);
      }
      try { resource("web-9"); } catch (error) { console.log(error.code, error.message, error.hint); }
      try { resource("web-1").restrat(); } catch (error) { console.log(error.code, error.message, error.hint); }
    `,
      { port },
    );
    expect(ran.stdout).toContain("true true operation_failed 1 failed\n");
    expect(ran.stdout).toContain('unknown_resource There is no resource "web-9" Did you mean "web-1"?\n');
    expect(ran.stdout).toContain('Did you mean "restart"?');
    expect(ran.kind).toBe("completed");
  });

  it("gives the history", async () => {
    const ran = await runScript(`
      import { history, resource } from "wilco";
      await resource("web-1").restart();
      const entry = await history.get(1);
      console.log(entry.status, (await history.find({ limit: 5 })).length, (await history.wait(1)).id);
      await history.get(1).cancel({ reason: "no" });
      console.log(await history.get(99).then(() => "there", (error) => error.code));
    `);
    expect(ran.stdout).toBe("succeeded 1 1\nunknown_entry\n");
    expect(ran.port.calls).toContainEqual(["cancel", 1, { reason: "no" }]);
  });

  it("carries poll policies with Infinity over the bridge, both ways", async () => {
    const port = createFakePort({ pollDefaults: { delay: 7, limit: Infinity, waitTimeout: Infinity } });
    await runScript(
      `import { resource } from "wilco";
       await resource("web-1").restart();
       await resource("web-1").restart({}, { poll: { delay: "2s", limit: 3, maxDelay: "9s" } });`,
      { port },
    );
    const waits = port.calls.filter(([name]) => name === "wait").map(([, , policy]) => policy);
    expect(waits[0]).toMatchObject({ delay: 7, limit: Infinity, maxDelay: Infinity, waitTimeout: Infinity });
    expect(waits[1]).toMatchObject({ delay: 2_000, limit: 3, maxDelay: 9_000 });
  });

  it("waits at the end for executions that nobody looked after, and reports those that failed", async () => {
    const port = createFakePort({
      run: ({ resourceName }) =>
        resourceName === "web-1"
          ? { status: "failed", error: { code: "exit_code", message: "no", source: "operation" } }
          : { status: "succeeded" },
    });
    const ran = await runScript(
      `import { resource } from "wilco";
       resource("web-1").restart();
       resource("web-2").restart();`,
      { port },
    );
    expect(ran.kind).toBe("completed");
    expect(ran.unobservedFailures).toMatchObject([{ name: "OperationFailed", code: "operation_failed", entry: 1 }]);
    expect(ran.unobservedFailures[0]!.stack).toContain("at <anonymous> (script.ts:2:26)");
  });

  it("does not wait for a detached execution, and lists it", async () => {
    const port = createFakePort({ run: () => undefined });
    const ran = await runScript(
      `import { resource } from "wilco"; console.log((await resource("web-1").restart().detach()).id);`,
      { port },
    );
    expect(ran).toMatchObject({
      kind: "completed",
      stdout: "1\n",
      unobservedFailures: [],
      running: [{ id: 1, resource: "web-1", operation: "restart", status: "queued" }],
    });
  });

  it("gives args and env, and nothing else of the machine", async () => {
    const ran = await runScript(
      `import { args, env } from "wilco";
       const { version, count, dryRun } = args.parse({ version: "string", count: "number?", dryRun: "boolean" });
       console.log(args.length, version, count, dryRun, env.REGION, "HOME" in env, typeof process, typeof require);`,
      { args: ["1.2", "--count=3", "--dry-run"], env: { REGION: "eu" } },
    );
    expect(ran.stdout).toBe("3 1.2 3 true eu false undefined undefined\n");
  });

  it("ends with invalid_request when the arguments are wrong", async () => {
    const ran = await runScript(
      `import { args } from "wilco";
       args.parse({ version: "string", count: "number?" });`,
      { args: ["--cuont=3"] },
    );
    expect(ran).toMatchObject({
      kind: "threw",
      error: { code: "invalid_request", message: "The script has no argument --cuont", hint: "Did you mean --count?" },
    });
  });

  it("sleeps, and refuses a duration without a unit", async () => {
    const ran = await runScript(
      `import { sleep } from "wilco";
       const begin = performance.now();
       await sleep("30ms");
       console.log(performance.now() - begin >= 25);
       await sleep(2);`,
    );
    expect(ran.stdout).toBe("true\n");
    expect(ran.error).toMatchObject({ code: "invalid_request", hint: 'Write the unit: "2s" or "2ms"' });
  });

  it("prints tables and logs, the latter on stderr", async () => {
    const ran = await runScript(
      `import { log, table } from "wilco";
       table([{ name: "web-1", count: 3 }, { name: "db", count: 12 }]);
       log("half way", { done: 1 });
       log.warn("careful");`,
    );
    expect(ran.stdout).toBe("name   count\n-----  -----\nweb-1      3\ndb        12\n");
    expect(ran.stderr).toBe("half way { done: 1 }\nwarning: careful\n");
  });

  it("asserts", async () => {
    const ran = await runScript(`import { assert } from "wilco";\nassert(1 === 1);\nassert(false, "not so");`);
    expect(ran).toMatchObject({ kind: "threw", error: { name: "AssertionFailed", message: "not so" } });
    expect(ran.error!.stack).toContain("(script.ts:3:1)");
  });

  it("exits at once with the script's own code, and no finally block runs", async () => {
    const ran = await runScript(
      `import { exit } from "wilco";
       try { console.log("before"); exit(12); } finally { console.log("after"); }`,
    );
    expect(ran).toMatchObject({ kind: "exit", exitCode: 12, stdout: "before\n" });
  });

  it("refuses exit codes that mean something else", async () => {
    const ran = await runScript(`import { exit } from "wilco"; exit(1);`);
    expect(ran).toMatchObject({
      kind: "threw",
      error: { code: "invalid_request", message: "exit(1) is not possible" },
    });
  });

  it("has groups, whose operations are one request", async () => {
    const ran = await runScript(`
      import { group } from "wilco";
      const web = group("web");
      console.log(web.name, web.members.length, Object.keys(web.operations).includes("restart"), await web === web);
      const execution = web.restart({}, { concurrency: "50%", haltOnFailure: true });
      console.log(execution.subject, (await execution).done);
      try { web.restart({}, { concurency: 1 }); } catch (error) { console.log(error.message); }`);
    expect(ran.stdout.split("\n")).toEqual([
      "web 2 true true",
      "restart of group=web restart",
      'A request has no option "concurency"',
      "",
    ]);
  });

  it("ends when timers and floating work have ended, as in Node", async () => {
    const ran = await runScript(`
      async function main() { await new Promise((resolve) => setTimeout(resolve, 20)); console.log("main"); }
      main();
      setTimeout((a) => console.log("timer", a), 40, 1);
      const every = setInterval(() => { console.log("tick"); clearInterval(every); }, 5);
      clearTimeout(setTimeout(() => console.log("never"), 1));
      queueMicrotask(() => console.log("micro"));`);
    expect(ran).toMatchObject({ kind: "completed", stdout: "micro\ntick\nmain\ntimer 1\n" });
  });

  it("ends when its own wait has, though the operation goes on: nothing follows it then", async () => {
    const waits: number[] = [];
    const port = createFakePort({
      run: () => undefined,
      port: {
        wait: async (id, { waitTimeout }) => {
          waits.push(waitTimeout);
          return { entry: port.filed.find((entry) => entry.id === id)!, ended: false, looks: 1 };
        },
      },
    });
    const ran = await runScript(
      `import { resource } from "wilco";
       const entry = await resource("web-1").restart().outcome({ waitTimeout: "1ms", onLimit: "return" });
       console.log(entry.status);`,
      { port },
    );
    expect(ran).toMatchObject({ kind: "completed", stdout: "queued\n", running: [{ id: 1, status: "queued" }] });
    expect(waits).toEqual([1]);
  });

  it("files what is let go of at once and follows it no further", async () => {
    const port = createFakePort({ run: () => undefined });
    const ran = await runScript(
      `import { resource } from "wilco"; console.log((await resource("web-1").restart().detach()).id);`,
      { port },
    );
    expect(ran).toMatchObject({ kind: "completed", stdout: "1\n" });
    expect(port.calls.map(([method]) => method)).not.toContain("wait");
  });

  it("reads the whole of an entry only when it is looked at, and gets it as it was filed and as it ended", async () => {
    const port = createFakePort({ run: () => ({ status: "succeeded", result: { text: "x".repeat(5_000) } }) });
    const ran = await runScript(
      `import { resource } from "wilco";
       const execution = resource("web-1").restart();
       const result = await execution;
       const [filed, ended] = await Promise.all([execution.submitted, execution.outcome()]);
       console.log(result.text.length, filed.status, ended.status, ended.result.text === result.text);`,
      { port },
    );
    expect(ran.stdout).toBe("5000 queued succeeded true\n");
  });

  it("is not hurt by an argument whose toJSON throws", async () => {
    const ran = await runScript(
      `import { resource } from "wilco";
       const web = resource("web-1");
       Object.prototype.toJSON = () => { throw new Error("mine"); };
       const execution = web.restart();
       delete Object.prototype.toJSON;
       await execution.catch((error) => console.log(error.message));
       console.log(await web.restart().catch((error) => error.message));`,
      { port: createFakePort({ run: () => ({ status: "succeeded", result: 7 }) }) },
    );
    expect(ran).toMatchObject({ kind: "completed", stdout: "mine\n7\n" });
  });

  it("says so when the script awaits what can never come", async () => {
    const ran = await runScript(`await new Promise(() => {});`);
    expect(ran).toMatchObject({
      kind: "threw",
      error: { message: "The script awaits a promise that nothing can settle any more" },
    });
  });
});
