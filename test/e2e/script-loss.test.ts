/** Scripts on the server whose server or worker is killed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import type { Entry } from "../../src/domain/entry.ts";
import { emptyWorld, freePorts } from "../cli/world.ts";

let world: ReturnType<typeof emptyWorld> | undefined;
afterEach(() => world?.stop());

/** A server without a worker, and a worker for operations and scripts in a process of its own. */
async function startFleet() {
  const { run, start, dir, env, file } = (world = emptyWorld());
  const [port] = await freePorts(1);
  const serve = async () => {
    const server = start(["server", "--no-worker", "--port", String(port)]);
    await server.line(/^http:/);
    return server;
  };
  const server = await serve();
  const token = (await run(["tokens", "create", "w", "--role", "worker"])).stdout.trim();
  mkdirSync(join(dir, "away"));
  const away = { WILCO_DATA_DIR: join(dir, "away"), WILCO_SERVER: `http://127.0.0.1:${port}`, WILCO_TOKEN: token };
  const work = async () => {
    const worker = start(["worker", "--name", "w", "--role", "automate", "--role", "script"], {
      env: { ...env, ...away },
    });
    await worker.line(/Worker w is ready.*8 scripts/);
    return worker;
  };
  const worker = await work();
  await run(["apply", "-"], { input: "resources: { one: { type: host } }" });
  const entry = async (id: string) => JSON.parse((await run(["entry", "show", id, "--json"])).stdout) as Entry;
  return { run, start, dir, file, serve, server, work, worker, entry };
}

/** Half a dozen processes start in each: on a loaded machine that takes its time. */
const LONG = { timeout: 120_000 };

it("goes on when its server is killed and comes back, and so does whoever waits for it", LONG, async () => {
  const { run, start, dir, file, serve, server, worker, entry } = await startFleet();
  const gate = join(dir, "gate");
  const command = JSON.stringify(["sh", "-c", `until test -e ${gate}; do sleep 0.1; done; echo through`]);
  const path = file(
    "wait.ts",
    `import { resource } from "wilco";
     const e = resource("one").run({ command: ${command} });
     await e.submitted;
     console.log("begun");
     console.log((await e).stdout.trim());
     console.log((await resource("one").run({ command: ["echo", "after"] })).stdout.trim());`,
  );
  const waiting = start(["run", "--on-server", path]);
  await waiting.line(/^begun/);
  server.kill("SIGKILL");
  await server.ended;
  await serve();
  writeFileSync(gate, "");
  expect(await waiting.ended).toMatchObject({ code: 0, stdout: "begun\nthrough\nafter\n" });
  expect(await entry("1")).toMatchObject({ status: "succeeded", attempt: 1, tasks: { succeeded: 2 } });
  expect((await run(["history", "tree", "3"])).stdout).toMatch(
    /^1 script wait\.ts succeeded.*\n├─ 2 one run succeeded.*\n└─ 3 one run succeeded/,
  );
  // A worker that is asked to stop has nothing left to do.
  worker.kill("SIGTERM");
  expect(await worker.ended).toMatchObject({ code: 0 });
  expect((await run(["workers", "list", "--json"])).stdout).not.toContain('"ready"');
});

it("is lost with its worker, and what it submitted goes on under it", LONG, async () => {
  const { run, start, file, work, worker, entry } = await startFleet();
  const path = file(
    "lost.ts",
    `import { resource, sleep } from "wilco";
     await resource("one").facts(undefined, { at: "+1h" }).submitted;
     console.log("begun");
     await sleep("10m");`,
  );
  const waiting = start(["run", "--on-server", path]);
  await waiting.line(/^begun/);
  worker.kill("SIGKILL");
  await worker.ended;
  // Its successor says that it is gone for certain; without one, the lease and the time that a silent worker has say so.
  await work();
  expect(await waiting.ended).toMatchObject({ code: 6, stderr: expect.stringContaining("was lost") as string });
  expect(await entry("1")).toMatchObject({ status: "lost", error: { code: "worker_lost", source: "system" } });
  expect(await entry("2")).toMatchObject({ status: "scheduled", parent: 1, requestedBy: "local-admin" });
  expect(await run(["entry", "wait", "1"])).toMatchObject({ code: 6 });
});
