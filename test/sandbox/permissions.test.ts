import { mkdir, mkdtemp, rm, symlink, writeFile, type FileHandle } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call } from "../../src/client/port.ts";
import { contentSchema } from "../../src/domain/content.ts";
import { operationAllowed } from "../../src/domain/operation-pattern.ts";
import { NO_PERMISSIONS, parseNetTarget, type Permissions } from "../../src/sandbox/permissions.ts";
import { guardCalls } from "../../src/sandbox/permissions-calls.ts";
import { readManifest } from "../../src/sandbox/permissions-manifest.ts";
import { createFakePort, operation, PROCESS, resourceNamed } from "./fake-port.ts";
import { runScript } from "./world.ts";

/** Prints what each expression gives, or the code and the flag of its error. */
function tries(...expressions: string[]): string {
  return `import { env, readFile, fetch as send, resource, resources, history } from "wilco";
    const show = async (what) => {
      try { console.log(await what()); }
      catch (error) { console.log(error.code ?? error.name, error.details?.flag ?? error.message, error.details?.value ?? ""); }
    };
    ${expressions.map((expression) => `await show(async () => ${expression});`).join("\n")}`;
}

const allow = (some: Partial<Permissions>): Permissions => ({ ...NO_PERMISSIONS, ...some });

describe("a script without permissions", () => {
  it("is told the flag that each thing takes", async () => {
    const ran = await runScript(
      tries(
        "env.HOME",
        'readFile("/etc/hostname")',
        'readFile("a.txt")',
        'fetch("https://example.com/x")',
        "typeof env.then",
      ),
      { files: { "a.txt": "a" } },
    );
    expect(ran.stdout.split("\n")).toEqual([
      "not_permitted --allow-env HOME",
      "not_permitted --allow-read /etc",
      "not_permitted --allow-read DIR",
      "not_permitted --allow-net example.com:443",
      "undefined",
      "",
    ]);
  });

  it("fails at its own line when it does not catch that", async () => {
    const ran = await runScript('import { readFile } from "wilco";\n\nawait readFile("/etc/passwd");\n');
    expect(ran.error).toMatchObject({ code: "not_permitted", message: 'To read "/etc/passwd" is not permitted' });
    expect(ran.error?.stack).toContain("(script.ts:3:7)");
  });
});

describe("--allow-env", () => {
  it("gives the named variables, undefined where one is not set", async () => {
    const script = tries(
      "env.SET",
      "env.UNSET",
      "env.OTHER",
      "JSON.stringify(env)",
      'Object.keys(env).join() + ("OTHER" in env)',
    );
    const ran = await runScript(script, { env: { SET: "1" }, permissions: allow({ env: ["SET", "UNSET"] }) });
    expect(ran.stdout.split("\n").slice(0, 5)).toEqual([
      "1",
      "undefined",
      "not_permitted --allow-env OTHER",
      '{"SET":"1"}',
      "SETfalse",
    ]);
  });
});

describe("files that are content", () => {
  const deploy = {
    ...operation("deploy"),
    parameters: { properties: { content: contentSchema("a file"), version: {} } },
  };
  const type = { ...PROCESS, operations: { ...PROCESS.operations, deploy } };
  const script = `
    import { file, resource } from "wilco";
    const web = resource("web-1");
    const calls = [web.deploy(file("app.js"), { version: "1" }), web.restart()];
    for (const call of calls) await call.submitted.catch((error) => console.log(error.code, error.hint));
    await Promise.allSettled(calls);`;
  const files = { "app.js": "console.log(1)" };
  const world = () => {
    const sent: string[] = [];
    const upload = async (handle: FileHandle, name: string) => {
      sent.push(await handle.readFile("utf8"));
      return { sha256: "a".repeat(64), size: 14, name };
    };
    return {
      sent,
      port: createFakePort({ lookup: { type: () => type }, port: { upload }, run: () => ({ status: "succeeded" }) }),
    };
  };

  it("are sent from below an allowed directory, and the calls filed in their order", async () => {
    const { sent, port } = world();
    let root = "";
    await runScript(script, {
      files,
      port,
      permissions: allow({ read: [tmpdir()] }),
      prepare: async (folder) => void (root = folder),
    });
    expect(root).toContain(tmpdir());
    expect(sent).toEqual(["console.log(1)"]);
    expect(port.calls.flatMap(([method, call]) => (method === "submit" ? [call] : []))).toMatchObject([
      { operation: "deploy", parameters: { content: { sha256: "a".repeat(64), name: "app.js" }, version: "1" } },
      { operation: "restart" },
    ]);
  });

  it("are not sent without the permission", async () => {
    const { sent, port } = world();
    const ran = await runScript(script, { files, port });
    expect(ran.stdout).toContain("not_permitted");
    expect(sent).toEqual([]);
    expect(port.filed.map(({ operation: name }) => name)).toEqual(["restart"]);
  });
});

describe("--allow-read", () => {
  let place: string;
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "wilco-read-"));
    await mkdir(join(place, "data", "deep"), { recursive: true });
    await mkdir(join(place, "data-secret"));
    await writeFile(join(place, "data", "deep", "a.json"), '{"a":"ä"}');
    await writeFile(join(place, "data", "bytes"), Buffer.from([0xff, 0, 1, 2]));
    await writeFile(join(place, "data-secret", "b"), "secret");
    await writeFile(join(place, "data", "large"), Buffer.alloc(8 * 1024 * 1024 + 1));
    await writeFile(join(place, "data", "full"), Buffer.alloc(8 * 1024 * 1024, "x"));
    await symlink("../data-secret/b", join(place, "data", "link"));
    await symlink("deep/a.json", join(place, "data", "inner"));
    await symlink("..", join(place, "data", "up"));
  });
  afterAll(() => rm(place, { recursive: true, force: true }));

  it("gives texts and bytes of files below the directory, and of nothing else", async () => {
    const at = (path: string): string => `readFile(${JSON.stringify(join(place, path))})`;
    const bytes = (path: string): string => `readFile(${JSON.stringify(join(place, path))}, "bytes")`;
    const ran = await runScript(
      tries(
        at("data/deep/a.json"),
        at("data/inner"),
        `[...await ${bytes("data/bytes")}].join()`,
        `(await ${at("data/full")}).length`,
        `(await ${bytes("data/full")}).at(-1)`,
        at("data/bytes"),
        at("data/missing"),
        at("data/deep"),
        at("data/large"),
        at("data/link"),
        at("data/up/data-secret/b"),
        at("data-secret/b"),
        at("data/../data-secret/b"),
        at("data-secret/missing"),
        at("data-missing"),
        'readFile("/dev/zero")',
        'readFile("/proc/self/environ")',
        `readFile(${JSON.stringify(join(place, "data"))} + "/deep/a.json\\0")`,
        'readFile("")',
        'readFile("x", "latin1")',
      ),
      { permissions: allow({ read: [join(place, "data")] }) },
    );
    const lines = ran.stdout.replaceAll(place, "PLACE").split("\n");
    const refused = "not_permitted --allow-read";
    expect(lines.slice(0, 20)).toEqual([
      '{"a":"ä"}',
      '{"a":"ä"}',
      "255,0,1,2",
      "8388608",
      "120",
      'AccessFailed "PLACE/data/bytes" can\'t be read: it is no UTF-8 text ',
      'AccessFailed "PLACE/data/missing" can\'t be read: there is no such file ',
      'AccessFailed "PLACE/data/deep" can\'t be read: it is not a regular file ',
      'too_large "PLACE/data/large" is larger than 8 MB ',
      `${refused} PLACE/data`,
      `${refused} PLACE/data/up/data-secret`,
      `${refused} PLACE/data-secret`,
      `${refused} PLACE/data-secret`,
      `${refused} PLACE/data-secret`,
      `${refused} PLACE`,
      `${refused} /dev`,
      `${refused} /proc/self`,
      `${refused} DIR`,
      "invalid_request readFile needs a path ",
      'invalid_request readFile knows no encoding "latin1" ',
    ]);
  });

  it("takes relative paths from the script's folder", async () => {
    const ran = await runScript(tries('readFile("data/x.txt")', 'readFile("script.ts")'), {
      files: { "data/x.txt": "here" },
      // The folder is made by the run: everything below the temporary directory is allowed but for the name's sake.
      permissions: allow({ read: [tmpdir()] }),
    });
    expect(ran.stdout).toMatch(/^here\nimport /);
  });
});

describe("--allow-net", () => {
  let server: Server;
  let port: number;
  const seen: Array<{ method: string; url: string; headers: Record<string, unknown>; body: string }> = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        seen.push({ method, url, headers, body: Buffer.concat(parts).toString("latin1") });
        const to = /^\/to\/(\d+)\/(.*)$/.exec(url);
        if (to) return response.writeHead(Number(to[1]), { location: decodeURIComponent(to[2]!) }).end();
        if (url === "/loop") return response.writeHead(302, { location: "/loop" }).end();
        if (url === "/never") return undefined;
        if (url === "/bomb")
          return response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(20_000_000)));
        if (url === "/bytes") return response.end(Buffer.from([0xff, 0xfe, 0]));
        return response.writeHead(url === "/teapot" ? 418 : 200, { "X-Kind": "tea" }).end('{"tea":"grün"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const run = (permissions: Partial<Permissions>, ...expressions: string[]) =>
    runScript(tries(...expressions.map((one) => one.replaceAll("BASE", `http://127.0.0.1:${port}`))), {
      permissions: allow(permissions),
    });
  const here = () => ({ net: [{ host: "127.0.0.1", port }] });

  it("sends requests there, and gives the answer", async () => {
    const ran = await run(
      here(),
      'fetch("BASE/x").then(async (a) => [a.ok, a.status, a.headers.get("X-KIND"), (await a.json()).tea, a.redirected].join())',
      'fetch("BASE/teapot", { method: "post", body: "hallo", headers: { "x-a": "1" } }).then((a) => [a.ok, a.status].join())',
      'fetch(new URL("BASE/bytes"), { method: "PUT", body: new Uint8Array([1, 255]) }).then(async (a) => [...await a.bytes()].join())',
      'send("BASE/x").then((a) => a.text())',
    );
    expect(ran.stdout.split("\n").slice(0, 4)).toEqual([
      "true,200,tea,grün,false",
      "false,418",
      "255,254,0",
      '{"tea":"grün"}',
    ]);
    expect(seen.find((one) => one.method === "POST")).toMatchObject({ body: "hallo", headers: { "x-a": "1" } });
    expect(seen.find((one) => one.method === "PUT")?.body).toBe("\x01\xff");
  });

  it("checks host and port of the request and of every redirect", async () => {
    const ran = await run(
      here(),
      `fetch("http://127.0.0.1:1/")`,
      `fetch("http://localhost:${port}/x")`,
      `fetch("http://127.0.0.1@example.com:${port}/")`,
      'fetch("file:///etc/passwd")',
      'fetch("http://[::1]/")',
      `fetch("BASE/to/302/" + encodeURIComponent("http://localhost:${port}/x"))`,
      'fetch("BASE/to/302/" + encodeURIComponent("/x")).then((a) => [a.status, a.redirected, a.url.slice(-2)].join())',
      'fetch("BASE/to/303/%2Fafter", { method: "POST", body: "secret" }).then((a) => a.status)',
      'fetch("BASE/to/302/" + encodeURIComponent("/x"), { redirect: "manual" }).then((a) => a.status)',
      'fetch("BASE/to/302/" + encodeURIComponent("/x"), { redirect: "error" }).then((a) => a.status)',
      'fetch("BASE/x", { headers: { Host: "inner" } })',
    );
    const lines = ran.stdout.replaceAll(String(port), "PORT").split("\n");
    expect(lines.slice(0, 11)).toEqual([
      "not_permitted --allow-net 127.0.0.1:1",
      "not_permitted --allow-net localhost:PORT",
      "invalid_request The URL has a user or password in it ",
      "invalid_request fetch knows only http: and https:, not file: ",
      "not_permitted --allow-net [::1]:80",
      "not_permitted --allow-net localhost:PORT",
      "200,true,/x",
      "200",
      "302",
      expect.stringContaining('redirects, and redirect is "error"'),
      "invalid_request fetch does not take the header Host ",
    ]);
    expect(seen.find((one) => one.url === "/after")).toMatchObject({ method: "GET", body: "" });
  });

  it("leaves credentials behind when a redirect leads to another origin", async () => {
    const target = `http://localhost:${port}/other`;
    await run(
      {
        net: [
          { host: "127.0.0.1", port: undefined },
          { host: "localhost", port },
        ],
      },
      `fetch("BASE/to/307/" + encodeURIComponent(${JSON.stringify(target)}), { headers: { authorization: "Bearer x", "x-a": "1" } })`,
    );
    const other = seen.find((one) => one.url === "/other");
    expect(other?.headers).toMatchObject({ "x-a": "1" });
    expect(other?.headers).not.toHaveProperty("authorization");
  });

  it("bounds redirects, size and time", async () => {
    const ran = await run(
      here(),
      'fetch("BASE/bomb")',
      'fetch("BASE/never", { timeout: "50ms" })',
      'fetch("BASE/x", { timeout: "1h" })',
      'fetch("BASE/x", { timout: "1s" })',
      'fetch("BASE/loop")',
    );
    const lines = ran.stdout.split("\n");
    expect(lines.slice(0, 5)).toEqual([
      expect.stringContaining("too_large"),
      expect.stringContaining("did not answer in time"),
      expect.stringContaining("invalid_request The timeout of fetch is 1h"),
      expect.stringContaining('invalid_request fetch has no option "timout"'),
      expect.stringContaining("redirects more than 5 times"),
    ]);
  });
});

describe("--allow-operation and --allow-resource", () => {
  it("knows patterns of operations, alone or with their type", () => {
    const cases: Array<[pattern: string, allowed: string[]]> = [
      ["restart", ["process.restart", "http.restart"]],
      ["process.*", ["process.restart", "process.stop"]],
      ["*.restart", ["process.restart", "http.restart"]],
      ["st*", ["process.stop"]],
      ["*", ["process.restart", "process.stop", "http.restart", "storage.delete"]],
    ];
    for (const [pattern, allowed] of cases) {
      const all = ["process.restart", "process.stop", "http.restart", "storage.delete"];
      expect(all.filter((one) => operationAllowed([pattern], ...(one.split(".") as [string, string])))).toEqual(
        allowed,
      );
    }
  });

  it("submits, retries and cancels only what they allow; look-ups are the token's matter", async () => {
    const port = createFakePort({ run: (call) => (call.operation === "stop" ? undefined : { status: "succeeded" }) });
    const stopped = await port.submit({
      resource: 2,
      resourceName: "web-2",
      type: "process",
      operation: "stop",
      parameters: {},
    });
    const ran = await runScript(
      tries(
        'resource("web-1").restart().submitted.then((entry) => entry.operation)',
        'resource("web-1").stop()',
        'resource("web-1").operations.stop()',
        `history.get(${stopped.id}).cancel()`,
        `history.get(${stopped.id}).retry()`,
        `history.get(${stopped.id}).then((entry) => entry.status)`,
        "resources().length",
      ),
      { port, permissions: allow({ operations: ["restart"] }) },
    );
    expect(ran.stdout.split("\n")).toEqual([
      "restart",
      ...Array.from({ length: 4 }, () => "not_permitted --allow-operation process.stop"),
      "queued",
      "2",
      "",
    ]);
    expect(port.filed.map((entry) => entry.operation)).toEqual(["stop", "restart"]);
  });

  const call = (parts: Partial<Call>): Call => ({
    resource: 1,
    resourceName: "web-1",
    type: "process",
    operation: "restart",
    parameters: {},
    ...parts,
  });

  it("does not believe what a call says of its resource", async () => {
    const database = resourceNamed("db-1", 3, "database");
    const port = createFakePort({
      resources: [resourceNamed("web-1", 1), database],
      lookup: { resources: async (selector) => (selector === "web-*" ? [resourceNamed("web-1", 1)] : []) },
    });
    const guarded = guardCalls({
      port,
      lookup: port,
      permissions: allow({ operations: ["process.*"], resources: ["web-*"] }),
    });
    await expect(guarded.submit(call({}))).resolves.toMatchObject({ operation: "restart" });
    await expect(guarded.submit(call({ resource: 3 }))).rejects.toMatchObject({
      code: "not_permitted",
      details: { flag: "--allow-operation", value: "database.restart" },
    });
    // A roll-back is a deploy, whatever it says of its type.
    await expect(guarded.rollBack({ resource: 3, resourceName: "web-1", type: "process" })).rejects.toMatchObject({
      details: { flag: "--allow-operation", value: "database.deploy" },
    });
    const byResource = guardCalls({ port, lookup: port, permissions: allow({ resources: ["web-*"] }) });
    await expect(byResource.submit(call({ resource: 3 }))).rejects.toMatchObject({
      details: { flag: "--allow-resource", value: "db-1" },
    });
    expect(port.filed).toHaveLength(1);
  });

  it("submits a group's operation for members that it has checked, and for no others", async () => {
    const [web, database] = [resourceNamed("web-1", 1), resourceNamed("db-1", 3, "database")];
    const found: Record<string, Array<typeof web>> = {
      "group=web": [web],
      "group=all": [web, database],
      "web-*": [web],
    };
    const port = createFakePort({ lookup: { resources: async (selector) => found[selector] ?? [] } });
    const byOperation = guardCalls({ port, lookup: port, permissions: allow({ operations: ["process.*"] }) });
    const byResource = guardCalls({ port, lookup: port, permissions: allow({ resources: ["web-*"] }) });
    const restart = { operation: "restart", parameters: {} };
    for (const [guarded, flag] of [
      [byOperation, "--allow-operation"],
      [byResource, "--allow-resource"],
    ] as const) {
      await expect(guarded.submit({ group: "all", ...restart })).rejects.toMatchObject({
        code: "not_permitted",
        details: { flag },
      });
      await guarded.submit({ group: "web", ...restart });
      // Not the group's name: who joins it a moment later was not checked.
      expect(port.calls.at(-1)).toEqual(["submit", { group: "web", members: [1], ...restart }]);
    }
    expect(port.filed).toHaveLength(2);
  });

  it("files calls in the order they were made, past those it refuses", async () => {
    const port = createFakePort();
    const guarded = guardCalls({
      port,
      lookup: port,
      permissions: allow({ operations: ["re*"], resources: ["web-*"] }),
    });
    const operations = ["restart", "stop", "reload", "restart"];
    const results = await Promise.allSettled(
      operations.map((operation, at) => guarded.submit(call({ resource: 1 + (at % 2), operation }))),
    );
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(port.filed.map((entry) => entry.operation)).toEqual(["restart", "reload", "restart"]);
    // One look-up of what the selector finds, not one for each call.
    expect(port.calls.filter(([method]) => method === "resources")).toHaveLength(1);
  });
});

describe("a manifest", () => {
  it("is read from the comments at the head, and from nowhere else", () => {
    const source = `#!/usr/bin/env -S wilco run
/**
 * Deploys.
 * wilco: allow-env=HOME allow-read="my data"
 */
// wilco: allow-net=api.example.com:443 allow-net=[::1]:80 allow-resource=tier=web,zone=eu

//wilco: allow-operation=re*
import { env } from "wilco"; // wilco: allow-env=LATE
// wilco: allow-env=LATER
`;
    expect(readManifest(source, "a.ts")).toEqual({
      "allow-env": ["HOME"],
      "allow-read": ["my data"],
      "allow-net": ["api.example.com:443", "[::1]:80"],
      "allow-operation": ["re*"],
      "allow-resource": ["tier=web,zone=eu"],
    });
  });

  it("with a line that can't be read is refused with its place", () => {
    expect(() => readManifest("\n// wilco: alow-env=HOME", "a.ts")).toThrow('a.ts:2: a manifest has no "alow-env"');
    expect(() => readManifest("// wilco: allow-env", "a.ts")).toThrow("a.ts:1: allow-env has no value");
  });
});

describe("a host to allow", () => {
  it("is a name or address, with a port or without", () => {
    expect(parseNetTarget("API.example.com:443")).toEqual({ host: "api.example.com", port: 443 });
    expect(parseNetTarget("[::1]:8080")).toEqual({ host: "[::1]", port: 8080 });
    expect(parseNetTarget("10.0.0.1")).toEqual({ host: "10.0.0.1", port: undefined });
    for (const wrong of ["", "https://x", "x/y", "*.example.com", "x:0", "x:70000", "user@x", "a b", "::1"]) {
      expect(() => parseNetTarget(wrong)).toThrow("is no host to allow");
    }
  });
});
