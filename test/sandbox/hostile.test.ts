import { describe, expect, it } from "vitest";
import { createFakePort, resourceNamed } from "./fake-port.ts";
import { runScript } from "./world.ts";

const SHORT = { cpu: 300 };

describe("a hostile script", () => {
  it("that loops for ever is stopped by its computing budget, in its main code and after an await", async () => {
    const sync = await runScript(`try { for (;;); } finally { console.log("no"); }`, { limits: SHORT });
    expect(sync).toMatchObject({ kind: "limit", limit: "cpu", stdout: "", error: { code: "script_limit" } });
    expect(sync.error!.message).toBe("The script computed for 300ms and was stopped");
    const async = await runScript(
      `async function spin() { await null; try { for (;;); } catch { for (;;); } }
       for (;;) await spin().catch(() => {});`,
      { limits: SHORT },
    );
    expect(async).toMatchObject({ kind: "limit", limit: "cpu" });
  });

  it("is not charged for the time that it waits", async () => {
    const ran = await runScript(
      `import { resource, sleep } from "wilco"; await sleep("700ms"); resource("web-1"); console.log("done");`,
      { limits: { cpu: 600 }, port: slowLookups(700) },
    );
    expect(ran).toMatchObject({ kind: "completed", stdout: "done\n" });
  });

  it("that allocates without end meets its memory limit", async () => {
    const ran = await runScript(`const all = []; for (;;) all.push(new Array(1_000).fill(all.length));`, {
      limits: { memory: 32 * 1024 * 1024 },
    });
    expect(ran).toMatchObject({ kind: "limit", limit: "memory" });
    expect(ran.error!.message).toBe("The script used up its 32 MB of memory and was stopped");
  });

  it("can't reach the engine's end of the bridge by changing what the guest was built with", async () => {
    const ran = await runScript(`
      import { resource } from "wilco";
      const stolen = [];
      const web = resource("web-1");
      JSON.stringify = (value) => { stolen.push(value); return '[{"resource":-1}]'; };
      JSON.parse = () => { throw new Error("mine"); };
      Map.prototype.get = () => ({ resolve() {}, reject() {} });
      Promise.prototype.constructor = function () {};
      Array.prototype.push = function () { throw new Error("mine"); };
      Object.prototype.then = function (ok) { ok("polluted"); };
      Object.prototype.error = "polluted";
      try { await web.restart(); } catch (error) { console.log("own fault"); }
    `);
    // Whatever the script did to itself: nothing but well-formed calls came through, and the host is as it was.
    for (const [name, call] of ran.port.calls) {
      if (name === "submit") expect(call).toMatchObject({ resource: 1, operation: "restart" });
    }
    expect(ran.faults).toEqual([]);
    expect(({} as Record<string, unknown>)["error"]).toBeUndefined();
  });

  it("keeps prototype keys and odd texts as data", async () => {
    const ran = await runScript(`
      import { resource } from "wilco";
      const parameters = JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": 1}, "a": "\\\\u0000\\\\ud800\\\\u2028"}');
      await resource("web-1").restart(parameters);
      console.log("polluted" in {} ? "polluted" : "clean");`);
    const call = ran.port.calls.find(([name]) => name === "submit")![1] as { parameters: Record<string, unknown> };
    expect(Object.keys(call.parameters)).toEqual(["__proto__", "constructor", "a"]);
    expect(call.parameters["a"]).toBe("\0\ud800\u2028");
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(ran.stdout).toBe("clean\n");
  });

  it("gets a refusal for arguments that are too large or are no JSON", async () => {
    const ran = await runScript(
      `import { resource } from "wilco";
       const cyclic = {}; cyclic.self = cyclic;
       for (const parameters of [{ text: "x".repeat(3_000_000) }, cyclic, { big: 1n }, { f() {} }]) {
         try { await resource("web-1").restart(parameters); } catch (error) { console.log(error.code ?? error.name); }
       }
       console.log("fine", (await resource("web-1").restart()).done);`,
    );
    expect(ran.stdout).toBe("too_large\ninvalid_parameters\ninvalid_parameters\ninvalid_parameters\nfine restart\n");
  });

  it("gets a refusal for more timers or calls than it may have", async () => {
    const ran = await runScript(
      `import { resource } from "wilco";
       try { for (let i = 0; i < 50; i++) setTimeout(() => {}, 1); } catch (error) { console.log(error.code); }
       const web = resource("web-1");
       const all = await Promise.allSettled(Array.from({ length: 60 }, () => web.restart()));
       console.log(all.filter(({ status }) => status === "rejected").map(({ reason }) => reason.code)[0]);`,
      { limits: { timers: 20, calls: 20 } },
    );
    expect(ran.stdout).toBe("script_limit\nscript_limit\n");
  });

  it("that floods the console waits for it, and what is beyond the limit is dropped with a word", async () => {
    let written = 0;
    const ran = await runScript(`for (let i = 0; i < 12_000; i++) console.log("x".repeat(200));`, {
      limits: { console: 2_000_000 },
      console: async (stream, text) => {
        written += text.length;
        if (written % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (stream === "stderr") expect(text).toContain("has written too much");
      },
    });
    expect(ran.kind).toBe("completed");
    expect(written).toBeGreaterThan(1_500_000);
    expect(written).toBeLessThan(2_100_000);
  });

  it("can't forge the answers of look-ups or make them too large", async () => {
    const port = createFakePort();
    const ran = await runScript(
      `import { resource, resources } from "wilco";
       try { resources(); } catch (error) { console.log(error.code, error.hint); }
       console.log(resource("web-1").name);`,
      {
        port: { ...port, resources: async () => Array.from({ length: 100 }, () => resourceNamed("web-1", 1)) },
        limits: { result: 5_000 },
      },
    );
    expect(ran.stdout).toBe("too_large Ask for less at a time: a narrower selector, a smaller limit.\nweb-1\n");
  });

  it("gets a refusal for an answer that its memory has no room for", async () => {
    const port = createFakePort();
    const large = { ...resourceNamed("web-1", 1), description: "x".repeat(20_000_000) };
    const ran = await runScript(
      `import { resource } from "wilco"; try { resource("web-1"); } catch (error) { console.log(error.code); }`,
      { port: { ...port, resource: () => large }, limits: { memory: 32 * 1024 * 1024 } },
    );
    expect(ran).toMatchObject({ kind: "completed", stdout: "script_limit\n" });
  });
});

function slowLookups(ms: number): ReturnType<typeof createFakePort> {
  const port = createFakePort();
  return {
    ...port,
    resource: async (idOrName) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return port.resource(idOrName);
    },
  };
}
