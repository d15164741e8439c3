/** The docker types against an engine that speaks the engine's HTTP on a unix socket. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerContainerType, dockerType } from "../../src/resource-types/docker/types.ts";
import { testResourceType, type TestCall } from "../../src/testing.ts";
import { startEngine, type FakeEngine } from "./docker-engine.ts";

let engine: FakeEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const put = (name: string, more = {}) =>
  engine.containers.set(name, {
    name,
    image: "nginx:1.27",
    running: true,
    exitCode: 0,
    tty: false,
    labels: {},
    log: [],
    ...more,
  });
const ask = (operation: string, parameters = {}) =>
  testResourceType(dockerType, {
    operation,
    parameters,
    connection: { socket: engine.socket },
    resource: { name: "engine-1" },
  });
const on = (container: string, operation: string, more: Partial<TestCall> = {}) =>
  testResourceType(dockerContainerType, { operation, connection: { socket: engine.socket, container }, ...more });

describe("docker", () => {
  it("lists containers, counts them, and finds a resource for each", async () => {
    put("web", { labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "web" } });
    put("old", { running: false, exitCode: 3 });
    const { result } = await ask("list", { labels: { tier: "web" } });
    expect(engine.calls.at(-1)).toContain(encodeURIComponent('{"label":["tier=web"]}'));
    expect(result.containers).toMatchObject([
      { name: "web", image: "nginx:1.27", state: "running", ports: ["0.0.0.0:8080->80/tcp"] },
      { name: "old", state: "exited", createdAt: "2026-01-02T03:04:05.000Z" },
    ]);
    const found = await ask("discover", { all: false });
    expect(found.result.resources).toEqual([
      {
        name: "engine-1/web",
        type: "docker-container",
        zone: "default",
        labels: { image: "nginx:1.27", project: "shop", service: "web" },
        connection: { container: "web", socket: engine.socket },
      },
    ]);
    expect((await ask("metrics")).result).toEqual({ containers: 2, running: 1, paused: 0, stopped: 1, images: 5 });
  });

  it("says up with its version, and down when nobody listens", async () => {
    expect((await ask("check")).result).toEqual({ availability: "up", version: "28.1" });
    const connection = { socket: "/nowhere/docker.sock" };
    const gone = await testResourceType(dockerType, { operation: "check", connection });
    expect(gone.result).toMatchObject({ availability: "down", reason: expect.stringContaining("no such socket") });
    const failed = await testResourceType(dockerType, { operation: "list", connection });
    expect(failed.error).toMatchObject({ code: "docker_unreachable", source: "system" });
  });

  it("pulls with progress, and fails for what the engine tells in a stream that began well", async () => {
    const pulled = await ask("pull", { image: "registry:5000/nginx" });
    expect(pulled).toMatchObject({
      status: "succeeded",
      result: { image: "registry:5000/nginx:latest", id: "sha256:abc", size: 1_000 },
      progress: [{ done: 10, total: 40, text: "a1: Downloading" }],
      stdout: "1.27: Pulling from library/nginx\nStatus: Downloaded newer image\n",
    });
    const missing = await ask("pull", { image: "missing:1" });
    expect(missing.error).toMatchObject({ code: "pull_failed", message: "missing:1 was not pulled: manifest unknown" });
  });

  it("makes containers, each name once", async () => {
    const made = await ask("create", { name: "new", image: "nginx", env: { A: "1" }, ports: { "80": 8081 } });
    expect(made).toMatchObject({ status: "succeeded", result: { name: "new", started: true } });
    expect(engine.bodies.at(-1)).toMatchObject({
      Env: ["A=1"],
      ExposedPorts: { "80/tcp": {} },
      HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "8081" }] }, RestartPolicy: { Name: "unless-stopped" } },
    });
    const child = await ask("createChild", { type: "docker-container", name: "engine-1/child", image: "nginx" });
    expect(child.result).toMatchObject({ name: "child", connection: { container: "child", socket: engine.socket } });
    const taken = await ask("create", { name: "port-taken", image: "nginx" });
    expect(taken.error).toMatchObject({ code: "docker_failed", message: "The engine says: port is already allocated" });
    expect(engine.containers.has("port-taken")).toBe(false);
    const again = await ask("create", { name: "new", image: "nginx" });
    expect(again.error).toMatchObject({ code: "docker_conflict", message: expect.stringContaining("is in use") });
  });
});

describe("docker-container", () => {
  it("starts, stops and restarts, and says when it was so already", async () => {
    put("app");
    expect((await on("app", "start")).result).toMatchObject({ changed: false, state: "running" });
    expect((await on("app", "stop", { parameters: { timeout: 3 } })).result).toEqual({
      changed: true,
      state: "exited",
      startedAt: null,
      availability: "down",
    });
    expect(engine.calls).toContain("POST /containers/app/stop?t=3");
    expect((await on("app", "restart")).result).toMatchObject({ changed: true, state: "running", availability: "up" });
    const gone = await on("nobody", "start");
    expect(gone.error).toMatchObject({ code: "no_such_object", source: "operation" });
  });

  it("does not call started what ended at once", async () => {
    put("crash", { running: false, exitCode: 42 });
    expect((await on("crash", "start")).error).toMatchObject({
      code: "container_exited",
      details: { exitCode: 42, state: "exited" },
    });
  });

  it("gives its log, both streams apart, in pieces that no frame ends with", async () => {
    put("chatty", {
      log: [
        [1, "out one\n"],
        [2, "err é\n"],
        [1, "out two\n"],
      ],
    });
    expect(await on("chatty", "logs", { parameters: { lines: 5 } })).toMatchObject({
      stdout: "out one\nout two\n",
      stderr: "err é\n",
      result: { bytes: 23 },
    });
    put("terminal", { tty: true, log: [[1, "as it is\n"]] });
    expect((await on("terminal", "logs")).stdout).toBe("as it is\n");
  });

  it("follows its log until the execution is canceled", async () => {
    put("endless", { log: [[1, "first\n"]] });
    const parameters = { follow: true };
    const run = on("endless", "logs", { parameters, onOutput: () => run.abort() });
    expect(await run).toMatchObject({ status: "canceled", stdout: "first\n" });
  });

  it("is up when it runs and is not unhealthy; not to see it is no answer", async () => {
    put("sick", { health: "unhealthy" });
    put("well", { health: "healthy" });
    expect((await on("well", "check")).result).toEqual({ availability: "up", state: "running", health: "healthy" });
    expect((await on("sick", "check")).result).toMatchObject({ availability: "down", reason: "it is unhealthy" });
    expect((await on("old", "check")).result).toMatchObject({ reason: "it is exited, exit code 3" });
    expect((await on("nobody", "check")).result).toMatchObject({ availability: "down" });
    const connection = { socket: "/nowhere", container: "well" };
    const unseen = await testResourceType(dockerContainerType, { operation: "check", connection });
    expect(unseen).toMatchObject({ status: "failed", error: { source: "system" } });
  });

  it("measures, shows itself without its secrets, and is removed", async () => {
    expect((await on("well", "metrics")).result).toEqual({
      cpu: 40,
      memory: 800,
      memoryLimit: 4_000,
      received: 6,
      sent: 7,
      processes: 3,
    });
    expect((await on("well", "inspect")).result.Config.Env).toEqual(["PASSWORD=********"]);
    expect((await on("well", "remove")).error).toMatchObject({ code: "docker_conflict" });
    expect((await on("well", "remove", { parameters: { force: true } })).result).toEqual({ removed: true });
    expect((await on("well", "remove")).result).toEqual({ removed: false });
  });
});
