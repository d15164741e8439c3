import { describe, expect, it } from "vitest";
import { createFakePort } from "./fake-port.ts";
import { runScript } from "./world.ts";

describe("interrupting a script", () => {
  it("rejects what it awaits with Interrupted, and finally blocks may still submit", async () => {
    const controller = new AbortController();
    const port = createFakePort({
      run: ({ operation }) => (operation === "stop" ? { status: "succeeded" } : undefined),
    });
    const ran = await runScript(
      `import { Interrupted, resource } from "wilco";
       const web = resource("web-1");
       try {
         await web.restart();
       } catch (error) {
         console.log(error instanceof Interrupted, error.code, error.entry.id);
         throw error;
       } finally {
         await web.stop();
         console.log("cleaned up");
       }`,
      {
        port,
        signal: controller.signal,
        during: async () => {
          await port.called("wait");
          controller.abort();
        },
      },
    );
    expect(ran).toMatchObject({
      kind: "interrupted",
      stdout: "true interrupted 1\ncleaned up\n",
      error: { name: "Interrupted", code: "interrupted" },
      running: [{ id: 1, resource: "web-1", operation: "restart", status: "queued" }],
    });
    expect(port.filed.map(({ operation }) => operation)).toEqual(["restart", "stop"]);
  });

  it("rejects sleeps, forgets timers, and counts as interrupted even when the script ends well", async () => {
    const controller = new AbortController();
    const ran = await runScript(
      `import { sleep } from "wilco";
       setInterval(() => {}, 1_000);
       console.log("asleep");
       await sleep("1h").catch((error) => console.log(error.code));`,
      {
        signal: controller.signal,
        console: (_stream, text) => {
          if (text === "asleep\n") controller.abort();
        },
      },
    );
    expect(ran.kind).toBe("interrupted");
    expect(ran.error).toBeUndefined();
  });

  it("rejects the waits for executions that nobody looked at, at once", async () => {
    const controller = new AbortController();
    const port = createFakePort({ run: () => undefined });
    const ran = await runScript(`import { resource } from "wilco"; resource("web-1").restart();`, {
      port,
      signal: controller.signal,
      // Longer than the test may take: the script must end by itself.
      grace: 600_000,
      during: async () => {
        await port.called("wait");
        controller.abort();
      },
    });
    expect(ran).toMatchObject({ kind: "interrupted", unobservedFailures: [], running: [{ id: 1 }] });
  });

  it("waits for nothing more when the script caught it and came to its end, and tells what goes on and what failed", async () => {
    const controller = new AbortController();
    const failed = { status: "failed", error: { code: "exit_code", message: "no", source: "operation" } } as const;
    const port = createFakePort({ run: ({ operation }) => (operation === "stop" ? failed : undefined) });
    const ran = await runScript(
      `import { resource, sleep } from "wilco";
       const web = resource("web-1");
       const started = [web.restart(), web.stop()];
       for (const one of started) await one.submitted;
       console.log("asleep");
       await sleep("1h").catch(() => {});
       resource("web-2").restart();`,
      {
        port,
        signal: controller.signal,
        // Longer than the test may take: the script must end by itself.
        grace: 600_000,
        console: (_stream, text) => {
          if (text === "asleep\n") controller.abort();
        },
      },
    );
    expect(ran).toMatchObject({ kind: "interrupted", running: [{ id: 1 }, { id: 3 }] });
    expect(ran.unobservedFailures).toMatchObject([{ code: "operation_failed", entry: 2 }]);
  });

  it("gives up a look-up that is not answered", async () => {
    const controller = new AbortController();
    const asked = () => {
      queueMicrotask(() => controller.abort());
      return new Promise<never>(() => {});
    };
    const ran = await runScript(
      `import { resource } from "wilco";
       try { resource("web-1"); } catch (error) { console.log(error.code); }`,
      { port: createFakePort({ lookup: { resource: asked } }), signal: controller.signal },
    );
    expect(ran.kind).toBe("interrupted");
  });

  it("stops an endless loop, and one that the engine can't see", async () => {
    for (const loop of [`for (;;);`, `new Array(2 ** 32 - 1).indexOf(1);`]) {
      const controller = new AbortController();
      const ran = await runScript(`console.log("looping"); await null; setTimeout(() => { ${loop} }, 0);`, {
        signal: controller.signal,
        // A loop can't say that it has begun; before it, the script is interrupted as well.
        console: () => setTimeout(() => controller.abort(), 20) && undefined,
      });
      expect(ran.kind).toBe("interrupted");
    }
  });

  it("ends a script that goes on after its grace", async () => {
    const controller = new AbortController();
    const ran = await runScript(
      `import { sleep } from "wilco";
       console.log("on");
       for (;;) await sleep("10ms").catch(() => {});`,
      { signal: controller.signal, grace: 100, console: () => controller.abort() },
    );
    expect(ran.kind).toBe("interrupted");
  });

  it("does not run a script whose signal was aborted before", async () => {
    const port = createFakePort({ run: () => undefined });
    const ran = await runScript(`import { resource } from "wilco"; await resource("web-1").restart();`, {
      port,
      signal: AbortSignal.abort(),
      grace: 50,
    });
    expect(ran.kind).toBe("interrupted");
  });

  it("cancels what still runs when asked to", async () => {
    const controller = new AbortController();
    const port = createFakePort({ run: () => undefined });
    const ran = await runScript(`import { resource } from "wilco"; await resource("web-1").restart();`, {
      port,
      signal: controller.signal,
      onInterrupt: "cancel",
      during: async () => {
        await port.called("wait");
        controller.abort();
      },
    });
    expect(ran).toMatchObject({ kind: "interrupted", running: [{ id: 1, status: "canceled" }] });
  });
});
