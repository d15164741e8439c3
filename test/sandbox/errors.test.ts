import { describe, expect, it } from "vitest";
import { describeError } from "../../src/sandbox/guest/describe.ts";
import { createFakePort } from "./fake-port.ts";
import { runScript } from "./world.ts";

describe("errors of a script", () => {
  it("show file, line and column of the .ts, as Node would", async () => {
    const ran = await runScript(
      `import { outer } from "./lib/deep.ts";
type Pad = { a: string };
async function main(): Promise<void> {
  await null;
  outer("x" as string);
}
await main();`,
      {
        files: {
          "lib/deep.ts": `interface Long { a: number }\nexport function outer(x: string): void {\n  const y: number = 1;   throw new TypeError(x + y);\n}\n`,
        },
      },
    );
    expect(ran).toMatchObject({ kind: "threw", error: { name: "TypeError", code: "script_failed", message: "x1" } });
    expect(ran.error!.stack.split("\n")).toEqual([
      "TypeError: x1",
      "    at outer (lib/deep.ts:3:32)",
      "    at main (script.ts:5:3)",
    ]);
  });

  it("show the line of the call for a failure that comes later", async () => {
    const port = createFakePort({
      run: () => ({ status: "failed", error: { code: "exit_code", message: "it exited with 3", source: "operation" } }),
    });
    const ran = await runScript(
      `import { resource } from "wilco";
async function roll(): Promise<void> {
  const run = resource("web-1").restart();
  await null;
  await run;
}
await roll();`,
      { port },
    );
    expect(ran.error).toMatchObject({ name: "OperationFailed", code: "operation_failed", entry: 1 });
    expect(ran.error!.message).toContain("web-1 restart failed (entry 1): it exited with 3");
    expect(ran.error!.stack).toContain("at roll (script.ts:3:33)");
    expect(ran.error!.stack).not.toContain("wilco:");
  });

  it("fail the script when a promise is rejected and nobody listens", async () => {
    const ran = await runScript(
      `async function work(): Promise<void> {
  throw new Error("nobody saw this");
}
work();
await new Promise((resolve) => setTimeout(resolve, 1_000));
console.log("still here");`,
    );
    expect(ran).toMatchObject({ kind: "threw", stdout: "", error: { message: "nobody saw this" } });
    expect(ran.error!.hint).toContain("Nobody awaited");
    expect(ran.error!.stack).toContain("at work (script.ts:2:9)");
  });

  it("do not fail the script when the rejection is listened to in the same turn", async () => {
    const ran = await runScript(`
      const failing = Promise.reject(new Error("seen"));
      await null; await null;
      await failing.catch((error) => console.log(error.message));
      await Promise.allSettled([Promise.reject(1), (async () => { throw 2; })()]);
      const all = Promise.all([Promise.reject(3), Promise.reject(4)]);
      console.log(await all.catch((value) => value));`);
    expect(ran).toMatchObject({ kind: "completed", stdout: "seen\n3\n" });
  });

  it("of timers and microtasks end the script", async () => {
    const timer = await runScript(
      `setTimeout(() => { throw new Error("in a timer"); }, 1);\nawait new Promise(() => {});`,
    );
    expect(timer).toMatchObject({ kind: "threw", error: { message: "in a timer" } });
    expect(timer.error!.stack).toContain("(script.ts:1:26)");
    const micro = await runScript(`queueMicrotask(() => { throw new Error("micro"); });`);
    expect(micro).toMatchObject({ kind: "threw", error: { message: "micro" } });
  });

  it("show their causes", async () => {
    const ran = await runScript(
      `function inner() { throw new RangeError("deep"); }
try { inner(); } catch (cause) { throw new Error("outer", { cause }); }`,
    );
    expect(ran.error!.stack.split("\n")).toEqual([
      "Error: outer",
      "    at <anonymous> (script.ts:2:40)",
      "  caused by RangeError: deep",
      "    at inner (script.ts:1:26)",
      "    at <anonymous> (script.ts:2:7)",
    ]);
  });

  it("tell what was thrown when it was no Error", async () => {
    const ran = await runScript(`throw { a: 1 };`);
    expect(ran).toMatchObject({
      kind: "threw",
      error: { message: "The script threw { a: 1 }", code: "script_failed" },
    });
    const thrown: Array<[unknown, string]> = [
      [5, "5"],
      ["x", "'x'"],
      [undefined, "undefined"],
      [null, "null"],
      [Symbol("s"), "Symbol(s)"],
    ];
    for (const [value, text] of thrown) expect(describeError(value).message).toBe(`The script threw ${text}`);
  });

  it("can't be turned against the sandbox by hostile getters", async () => {
    const ran = await runScript(`
      const error = new Error("x");
      for (const key of ["name", "message", "stack", "code", "hint", "details", "entry", "cause"]) {
        Object.defineProperty(error, key, { get() { throw new Error("got you"); } });
      }
      throw error;`);
    expect(ran).toMatchObject({ kind: "threw", error: { name: "Error", message: "", code: "script_failed" } });
    const proxy = await runScript(`throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });`);
    expect(proxy.kind).toBe("threw");
  });

  it("hint at what there is instead of Node's globals", async () => {
    const ran = await runScript(`console.log(process.argv);`);
    expect(ran.error).toMatchObject({ name: "ReferenceError", hint: 'Import { args, env, exit } from "wilco".' });
    const hint = async (script: string) => (await runScript(script)).error!.hint;
    expect(await hint(`resource("web-1");`)).toBe('Import it: import { resource } from "wilco".');
    expect(await hint(`resuorces();`)).toBe('Did you mean "resources"?');
    expect(await hint(`let b = 1;\ncount = b;`)).toBe("Declare it: const count = …");
    expect(await hint(`nothingLikeIt();`)).toBeUndefined();
  });

  it("of the host cross with code and sentence only", async () => {
    const port = createFakePort({
      port: {
        entry: async () => {
          throw new Error("ENOENT: /srv/somebody/.wilco/token");
        },
      },
    });
    const ran = await runScript(
      `import { history } from "wilco";
       const error = await history.get(1).then(() => null, (error) => error);
       console.log(error.code, error.message, JSON.stringify(error), error.stack);`,
      { port },
    );
    expect(ran.stdout).toContain("internal wilco could not do this, by a fault of its own");
    expect(ran.stdout).not.toMatch(/somebody|node:|file:|\/src\//);
    expect(ran.faults).toHaveLength(1);
  });

  it("submit nothing more, and what still runs is waited for", async () => {
    const port = createFakePort({ run: () => undefined });
    const seen: unknown[] = [];
    const ran = await runScript(
      `import { resource } from "wilco";
       const web = resource("web-1");
       const first = web.restart();
       await first.submitted;
       setTimeout(() => web.stop(), 20);
       throw new Error("enough");`,
      {
        port,
        onRunning: (running, what) => {
          seen.push([what, running]);
          port.finish(1, { status: "succeeded" });
        },
      },
    );
    expect(ran).toMatchObject({
      kind: "threw",
      error: { message: "enough" },
      running: [{ id: 1, status: "succeeded" }],
    });
    expect(seen).toEqual([["wait", [{ id: 1, resource: "web-1", operation: "restart", status: "succeeded" }]]]);
    expect(port.filed).toHaveLength(1);
  });

  it("leave or cancel what still runs when asked to", async () => {
    const source = `import { resource } from "wilco"; await resource("web-1").restart().submitted; throw new Error("x");`;
    const left = await runScript(source, { port: createFakePort({ run: () => undefined }), onError: "leave" });
    expect(left.running).toMatchObject([{ id: 1, status: "queued" }]);
    expect(left.port.calls.some(([name]) => name === "cancel")).toBe(false);
    const canceled = await runScript(source, { port: createFakePort({ run: () => undefined }), onError: "cancel" });
    expect(canceled.running).toMatchObject([{ id: 1, status: "canceled" }]);
  });

  it("and exit() do not hide what failed without being seen", async () => {
    for (const end of ['throw new Error("x")', "exit(0)"]) {
      const port = createFakePort({
        run: () => ({
          status: "failed",
          error: { code: "exit_code", message: "it exited with 3", source: "operation" },
        }),
      });
      const ran = await runScript(
        `import { exit, resource } from "wilco"; await resource("web-1").restart().submitted; ${end};`,
        { port },
      );
      expect(ran.unobservedFailures).toMatchObject([{ name: "OperationFailed", code: "operation_failed", entry: 1 }]);
      expect(ran.running).toEqual([]);
    }
  });

  it("do not lose a submit that was under way when the script ended", async () => {
    const port = createFakePort({ run: () => undefined });
    const slow = {
      ...port,
      // Nothing tells that the script has thrown and is waited for; a submit that is too quick proves less, and passes.
      submit: async (call: Parameters<typeof port.submit>[0]) => (
        await new Promise((resolve) => setTimeout(resolve, 50)),
        port.submit(call)
      ),
    };
    const ran = await runScript(
      `import { resource } from "wilco"; resource("web-1").restart(); throw new Error("x");`,
      {
        port: slow,
        onError: "leave",
      },
    );
    expect(ran.running).toMatchObject([{ id: 1, resource: "web-1", operation: "restart" }]);
  });
});
