import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname } from "node:path";
import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../tools/postgres.ts";
import { findPostgresBinaries } from "../../tools/postgres/binaries.ts";
import { startProcess } from "../support/processes.ts";

const tool = new URL("../../tools/postgres.ts", import.meta.url).href;

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

describe("a throw-away PostgreSQL", () => {
  test("takes settings, is durable when asked, and is gone after stop", async () => {
    const server = await startPostgres({ durable: true, settings: { max_connections: "17" } });
    onTestFinished(() => server.stop());
    expect(await ask(server.url, "SHOW fsync")).toBe("on");
    expect(await ask(server.url, "SHOW max_connections")).toBe("17");
    const directory = dirname(String(await ask(server.url, "SHOW data_directory")));
    await server.stop();
    await expect(ask(server.url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
    expect(existsSync(directory)).toBe(false);
  });

  test("is gone after its starter was killed", async () => {
    const source = `import { startPostgres } from ${JSON.stringify(tool)};
      console.log("at " + (await startPostgres()).url); process.stdin.resume();`;
    const starter = startProcess(process.execPath, ["--input-type=module", "-e", source], { input: "open" });
    const url = (await starter.line(/^at (.*)/))[1] ?? "";
    const watcher = new pg.Client({ connectionString: url });
    const cut = new Promise<void>((resolve) => watcher.on("error", () => resolve()));
    await watcher.connect();
    starter.kill("SIGKILL");
    await expect(cut).resolves.toBeUndefined();
  });

  test("that need not be durable asks for its password, and leaves nothing behind either", async () => {
    const server = await startPostgres();
    onTestFinished(() => server.stop());
    const directory = dirname(String(await ask(server.url, "SHOW data_directory")));
    const stranger = new URL(server.url);
    stranger.password = "wrong";
    await expect(ask(stranger.href, "SELECT 1")).rejects.toThrow("password authentication failed");
    await server.stop();
    expect(existsSync(directory)).toBe(false);
  });

  test("that can't be found is a sentence with what was tried", async () => {
    const source = `import { startPostgres } from ${JSON.stringify(tool)};
      await startPostgres().catch((error) => { console.log(error.message); process.exitCode = 3; });`;
    const starter = startProcess(process.execPath, ["--input-type=module", "-e", source], {
      env: { WILCO_POSTGRES: "/nonexistent" },
    });
    const { code, stdout } = await starter.ended;
    expect(code).toBe(3);
    expect(stdout).toContain("No PostgreSQL server that can be run was found");
    expect(stdout).toContain("/nonexistent: ");
    expect(stdout).toContain("set WILCO_POSTGRES to the directory");
  });
});

describe("the search for PostgreSQL's binaries", () => {
  test("finds the packaged ones when they are asked for", () => {
    const [found] = findPostgresBinaries({ WILCO_POSTGRES: "packaged" });
    expect(found?.origin).toBe("packaged");
    expect(found?.bin.startsWith(fileURLToPath(new URL("../../node_modules", import.meta.url)))).toBe(true);
  });

  test("has the packaged ones last", () => {
    expect(findPostgresBinaries({ PATH: "" }).at(-1)?.origin).toBe("packaged");
  });
});
