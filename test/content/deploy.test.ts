/** A running HTTP server gets new versions, over everything that is between: client, server, worker, process. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { injectDispatch } from "../../src/cli/composition/inject-dispatch.ts";
import { startServerParts, type ServerParts } from "../../src/cli/composition/server-parts.ts";
import { createApi, type Api } from "../../src/client/api.ts";
import { claimInProcess } from "../../src/cli/idempotency/occurrences.ts";
import { connect, type Client } from "../../src/client/connect.ts";
import { file } from "../../src/client/content-file.ts";
import { OperationFailed } from "../../src/client/errors.ts";
import { createNodePort } from "../../src/client/node-port.ts";
import { createSubmitOnce } from "../../src/client/submit-once.ts";
import { createTransport } from "../../src/client/transport.ts";
import { builtinTypes } from "../../src/resource-types/builtin.ts";
import { freePorts } from "../cli/world.ts";
import { ownDirectory } from "./directory.ts";

const app = (version: string) => `
  require("node:http").createServer((_, answer) => answer.end("${version}")).listen(process.env.PORT, "127.0.0.1");
`;

describe("deployments", () => {
  const directory = ownDirectory();
  let server: ServerParts;
  let client: Client;
  let api: Api;
  let port = 0;
  const shown = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
  const path = (name: string) => join(directory.path, name);
  const released = () => readdirSync(path("deployed/releases"));

  beforeAll(async () => {
    server = await startServerParts({
      dataDir: path("data"),
      listen: null,
      worker: { name: "local", slots: { min: 0, max: 4 }, types: builtinTypes },
      version: "0",
      log: pino({ level: "silent" }),
    });
    const options = { url: "http://wilco.local", token: server.adminToken!, dispatch: injectDispatch(server.app) };
    client = connect(options);
    api = createApi(createTransport(options));
    [port = 0] = await freePorts(1);
    const connection = {
      command: [process.execPath, "app.js"],
      env: { PORT: String(port) },
      deployTo: path("deployed"),
      ready: { url: `http://127.0.0.1:${port}/` },
      readyTimeout: "20s",
    };
    await api.apply({
      resources: {
        web: { type: "process", connection },
        here: { type: "host" },
        site: { type: "http", connection: { url: "http://127.0.0.1:1/" } },
      },
    });
    for (const version of ["one", "two"]) {
      mkdirSync(path(version));
      writeFileSync(path(`${version}/app.js`), app(version));
    }
  });
  afterAll(async () => {
    await (await client.resource("web")).stop();
    client.close();
    await server.stop();
  });

  it("puts a file where the process runs, starts it, and knows its version", async () => {
    const web = await client.resource("web");
    const execution = web.deploy(file(path("one/app.js")), { version: "1.0" });
    expect(await execution).toMatchObject({ version: "1.0", previous: null, ready: true });
    // Nobody has checked it; what the deploy saw counts.
    expect(await api.resource("web")).toMatchObject({ availability: "up" });
    expect(await shown()).toBe("one");
    expect((await execution.outcome()).kind).toBe("deployment");
    expect((await api.deployments("web")).items).toMatchObject([
      { version: 1, label: "1.0", status: "current", author: "local-admin", content: { name: "app.js" } },
    ]);
  });

  it("unpacks an archive in place of what runs, and what ran is the former version", async () => {
    execFileSync("tar", ["-czf", path("two.tgz"), "-C", directory.path, "two"]);
    const web = await client.resource("web");
    const result = await web.deploy({ content: file(path("two.tgz")), version: "2.0", strip: 1 });
    expect(result).toMatchObject({ version: "2.0", previous: { version: "1.0" } });
    expect(await shown()).toBe("two");
    const { items } = await api.deployments("web");
    expect(items.map(({ version, status }) => [version, status])).toEqual([
      [2, "current"],
      [1, "former"],
    ]);
    await web.restart();
    expect(await shown()).toBe("two");
  });

  it("goes back by itself when the new version does not get ready, and fails", async () => {
    // As of a worker that died between the switch and the check: what it goes back to is what was verified.
    rmSync(path("deployed/current"));
    symlinkSync("releases/half", path("deployed/current"));
    const web = await client.resource("web");
    mkdirSync(path("three"));
    writeFileSync(path("three/app.js"), `throw new Error("broken on purpose");`);
    const failure = await web.deploy(file(path("three/app.js")), { version: "3.0" }).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(OperationFailed);
    const error = (failure as OperationFailed).entry!.error!;
    expect(error).toMatchObject({
      code: "deploy_failed",
      source: "operation",
      details: { rolled_back: true, reason: { code: "process_died" }, running: { version: "2.0" } },
    });
    expect(error.message).toContain("It runs version 2.0 again.");
    expect(await shown()).toBe("two");
    expect(readFileSync(path("deployed/current/app.js"), "utf8")).toBe(app("two"));
    const { items } = await api.deployments("web");
    expect(items.map(({ label, status }) => [label, status])).toEqual([
      ["3.0", "rolled_back"],
      ["2.0", "current"],
      ["1.0", "former"],
    ]);
  });

  it("brings an older version back as a deploy of its own", async () => {
    // Old releases that can't be removed change nothing about the new one.
    symlinkSync("nowhere", path("deployed/releases/odd"));
    const web = await client.resource("web");
    const back = web.rollback({
      idempotencyKey: "back-1",
      after: { entry: (await web.history({ limit: 1 }))[0]!, on: "any" },
    });
    expect(back.subject).toBe("web rollback");
    expect(await back.submitted).toMatchObject({
      kind: "deployment",
      operation: "deploy",
      note: expect.stringContaining("version 1 (1.0)"),
    });
    expect(await back).toMatchObject({ version: "1.0", ready: true });
    expect(await web.rollback({ idempotencyKey: "back-1" }).submitted).toMatchObject({ id: back.id });
    const earlier = (await back.submitted).after[0]!.entry;
    const same = { idempotencyKey: "back-1", after: { entry: earlier, on: "any" } } as const;
    expect(await web.rollback(same).submitted).toMatchObject({ id: back.id });
    for (const other of [
      { note: "another" },
      { timeout: "7m" },
      { zone: "moon" },
      { worker: "nobody" },
      { at: "+5m" },
      { at: new Date(Date.now() + 3_600_000) },
      { after: earlier },
    ]) {
      await expect(web.rollback({ idempotencyKey: "back-1", ...other })).rejects.toMatchObject({
        code: "idempotency_mismatch",
      });
    }
    rmSync(path("deployed/releases/odd"));
    expect(await shown()).toBe("one");
    const { items } = await api.deployments("web");
    expect(items.slice(0, 3).map(({ label, status, restores }) => [label, status, restores])).toEqual([
      ["1.0", "current", 1],
      ["3.0", "rolled_back", null],
      ["2.0", "rolled_back", null],
    ]);
    expect(await web.deployments({ limit: 3 })).toEqual(items.slice(0, 3));
    await expect(web.rollback()).rejects.toMatchObject({
      code: "conflict",
      message: "web has no earlier version to go back to",
    });
    await expect(web.rollback({ to: 9 })).rejects.toMatchObject({ code: "conflict", message: "web has no version 9" });
    const loose = web as unknown as { rollback(options: unknown): unknown };
    const site = await client.resource("site");
    for (const [call, message, hint] of [
      [() => loose.rollback(2), "A roll-back takes an object", "Write rollback({ to: 2 })."],
      [() => loose.rollback({ to: "2.0" }), 'to is "2.0"', expect.stringContaining("the number of a version")],
      [() => loose.rollback({ too: 2 }), 'A roll-back has no option "too"', 'Did you mean "to"?'],
      [
        () => site.rollback(),
        "site can't be rolled back: its type http has no deploy",
        "Declare the operation deploy in the type.",
      ],
    ] as const) {
      expect(call).toThrow(expect.objectContaining({ message, hint }));
    }
    await expect(api.removeContent(items[0]!.content.sha256)).rejects.toMatchObject({ code: "content_in_use" });
    expect((await api.contents({ unused: true })).items).toEqual([]);
  });

  it("goes back once when a step that did is run again", async () => {
    const web = await client.resource("web");
    await web.deploy(file(path("two.tgz")), { version: "2.0", strip: 1 });
    // The time of a roll-back that is to come is a part of what was asked for.
    const later = await web.rollback({ idempotencyKey: "later", at: "+1h" }).submitted;
    expect(later).toMatchObject({ status: "scheduled" });
    expect(await web.rollback({ idempotencyKey: "later", at: "+1h" }).submitted).toMatchObject({ id: later.id });
    const due = await web.rollback({ idempotencyKey: "later", at: later.deliverAt! }).submitted;
    expect(due).toMatchObject({ id: later.id });
    for (const other of [{}, { at: "+2h" }]) {
      await expect(web.rollback({ idempotencyKey: "later", ...other })).rejects.toMatchObject({
        code: "idempotency_mismatch",
      });
    }
    await api.cancel(later.id);
    await web.deploy(file(path("two.tgz")), { version: "2.0", strip: 1 }, { idempotencyKey: "to-2" });
    // A deploy is no roll-back, though it is of the same resource and its key is known.
    await expect(web.rollback({ idempotencyKey: "to-2" })).rejects.toMatchObject({ code: "idempotency_mismatch" });
    const run = () => {
      const submitOnce = createSubmitOnce({ key: "step", again: false, claim: claimInProcess() });
      return createNodePort({ api, submitOnce });
    };
    const { id } = await api.resource("web");
    const call = { resource: id, resourceName: "web", type: "process" };
    const filed = [];
    for (const port of [run(), run()]) {
      const entry = await port.rollBack(call);
      await client.history.wait(entry.id);
      filed.push(entry.id);
      port.close();
    }
    expect(filed).toEqual([filed[0], filed[0]]);
    expect(await shown()).toBe("one");
  });

  it("refuses what leaves the directory, what is no archive, and content that there is not", async () => {
    const web = await client.resource("web");
    mkdirSync(path("evil"));
    symlinkSync("../../../../etc/passwd", path("evil/app.js"));
    execFileSync("tar", ["-czf", path("link.tgz"), "-C", path("evil"), "."]);
    execFileSync("tar", ["-czPf", path("dots.tgz"), "-C", path("evil"), "../one/app.js"]);
    writeFileSync(path("text.tgz"), "no archive");
    const before = released();
    const codeOf = (name: string) =>
      web.deploy(file(path(name))).then(
        () => "succeeded",
        (error: OperationFailed) => error.entry?.error?.code,
      );
    expect(await codeOf("link.tgz")).toBe("unsafe_archive");
    expect(await codeOf("dots.tgz")).toBe("unsafe_archive");
    expect(await codeOf("text.tgz")).toBe("bad_archive");
    expect(released()).toEqual(before);
    expect(await shown()).toBe("one");
    await expect(web.deploy({ content: { sha256: "0".repeat(64) } })).rejects.toMatchObject({
      code: "unknown_content",
    });
    await expect(web.deploy(file(path("nothing")))).rejects.toMatchObject({ code: "invalid_request" });
    expect(() => web.restart(file(path("one/app.js")))).toThrow("takes no file");
  });
});
