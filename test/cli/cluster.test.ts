import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createTestDatabase } from "../support/engines.ts";
import { emptyWorld } from "./world.ts";

const world = emptyWorld();
afterAll(() => world.stop());

it("two servers on one PostgreSQL share entries, tokens and secrets, and each stops by itself", async () => {
  const database = await createTestDatabase("postgres");
  if (database.engine !== "postgres") throw new Error("asked for PostgreSQL");
  try {
    const { run, start, dir } = world;
    const url = ["--database-url", database.url];
    const bootstrap = await run(["tokens", "bootstrap", "root", ...url]);
    expect(bootstrap).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S+\n$/) as string });
    expect(await run(["tokens", "bootstrap", "again", ...url])).toMatchObject({ code: 2, stdout: "" });
    const env = { WILCO_TOKEN: bootstrap.stdout.trim(), WILCO_SECRET_KEY: Buffer.alloc(32, 7).toString("base64") };

    const first = start(["server", "--port", "0", ...url, "--data-dir", join(dir, "a")], { env });
    const [one] = await first.line(/^http:.*/);
    const second = start(["server", "--port", "0", "--no-worker", ...url, "--data-dir", join(dir, "b")], { env });
    const [two] = await second.line(/^http:.*/);

    // A third one with another key would seal what these can't open.
    const key = Buffer.alloc(32, 8).toString("base64");
    const strange = ["server", "--port", "0", "--no-worker", ...url, "--data-dir", join(dir, "c")];
    expect(await run(strange, { env: { ...env, WILCO_SECRET_KEY: key } })).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/^error: The secrets of this database are sealed with another key/) as string,
    });
    const rekey = ["secrets", "rekey", ...url, "--new-key-file", world.file("new.key", key)];
    expect(await run(rekey, { env })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/use this database\.\n {2}Stop all its servers/) as string,
    });

    const inventory =
      'resources: { here: { type: host }, site: { type: http, connection: { url: "http://127.0.0.1:9", headers: { authorization: s3cret } } } }';
    await run(["apply", "-", "--server", one], { env, input: inventory });
    // Asked of the server without a worker, run by the worker of the other.
    const ended = await run(["exec", "--server", two, "here", "run", "--", "echo", "over both"], { env });
    expect(ended).toMatchObject({ code: 0, stdout: "over both\n" });
    expect(await run(["exec", "--server", two, "site", "check"], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('"down"') as string,
    });
    expect((await run(["history", "--server", one, "--json"], { env })).stdout).toContain('"requestedBy": "root"');

    first.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(await run(["exec", "--server", two, "here", "check", "--require-worker", "0ms"], { env })).toMatchObject({
      code: 8,
    });
    second.kill("SIGTERM");
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(await run([...rekey, "--json"], { env })).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/"resealed": 1,\s+"left": \[\]/) as string,
    });
  } finally {
    await database.cleanup();
  }
});

it("servers of one host have workers of different names, and a lost data directory does not cost a name", async () => {
  const database = await createTestDatabase("postgres");
  if (database.engine !== "postgres") throw new Error("asked for PostgreSQL");
  try {
    const { run, start, dir } = world;
    const env = {
      WILCO_DATABASE_URL: database.url,
      WILCO_SECRET_KEY: Buffer.alloc(32, 7).toString("base64"),
      WILCO_TOKEN: (await run(["tokens", "bootstrap", "root", "--database-url", database.url])).stdout.trim(),
    };
    const serve = (directory: string, ...args: string[]) =>
      ["server", "--port", "0", "--data-dir", join(dir, directory)].concat(args);
    const first = start(serve("lost"), { env });
    const [url] = await first.line(/^http:.*/);
    expect(await run(serve("other"), { env })).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/worker name \S+ is taken[^]*--worker-name/) as string,
    });
    const second = start(serve("other", "--worker-name", "another"), { env });
    await second.line(/^http:.*/);
    const live = async (at: string) => {
      const workers = JSON.parse((await run(["workers", "list", "--json", "--server", at], { env })).stdout) as Array<{
        name: string;
        state: string;
      }>;
      return workers.filter(({ state }) => state === "ready").map(({ name }) => name);
    };
    const expected = ["another", "another-scripts", hostname(), `${hostname()}-scripts`].toSorted();
    expect(await live(url)).toEqual(expected);
    first.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });

    const again = start(serve("new"), { env });
    const [newUrl] = await again.line(/^http:.*/);
    expect(await live(newUrl)).toEqual(expected);
    const tokens = JSON.parse((await run(["tokens", "list", "--json", "--server", newUrl], { env })).stdout) as Array<{
      name: string;
      revokedAt: string | null;
    }>;
    const ofHost = tokens.filter(({ name }) => name.startsWith(`worker-${hostname()}-`));
    expect(ofHost.map(({ revokedAt }) => revokedAt === null)).toEqual([true, false]);
    for (const server of [second, again]) {
      server.kill("SIGTERM");
      expect(await server.ended).toMatchObject({ code: 0 });
    }
  } finally {
    await database.cleanup();
  }
});
