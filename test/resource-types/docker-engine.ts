/** A Docker Engine as far as the types ask for one: the HTTP it speaks, on a real unix socket. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface FakeContainer {
  name: string;
  image: string;
  running: boolean;
  exitCode: number;
  tty: boolean;
  health?: string;
  labels: Record<string, string>;
  log: Array<[stream: 1 | 2, text: string]>;
}

export interface FakeEngine {
  socket: string;
  containers: Map<string, FakeContainer>;
  /** "POST /containers/web/stop?t=10", in order. */
  calls: string[];
  bodies: unknown[];
  close(): Promise<void>;
}

export function frame(stream: 1 | 2, text: string): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(data.length, 4);
  return Buffer.concat([header, data]);
}

export async function startEngine(): Promise<FakeEngine> {
  const directory = mkdtempSync(join(tmpdir(), "wilco-docker-"));
  const socket = join(directory, "docker.sock");
  const containers = new Map<string, FakeContainer>();
  const calls: string[] = [];
  const bodies: unknown[] = [];

  const json = (response: ServerResponse, status: number, value?: unknown) => {
    response.writeHead(status, { "content-type": "application/json", "api-version": "1.47" });
    response.end(value === undefined ? undefined : JSON.stringify(value));
  };
  const inspect = (one: FakeContainer) => ({
    Id: one.name.repeat(12).slice(0, 64),
    Name: `/${one.name}`,
    State: {
      Status: one.running ? "running" : "exited",
      Running: one.running,
      StartedAt: "2026-01-02T03:04:05.6Z",
      ExitCode: one.exitCode,
      ...(one.health === undefined ? {} : { Health: { Status: one.health } }),
    },
    Config: { Tty: one.tty, Env: ["PASSWORD=hunter2"] },
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, "http://docker");
    calls.push(`${request.method} ${request.url}`);
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const text = Buffer.concat(parts).toString();
    if (text !== "") bodies.push(JSON.parse(text));
    if (url.pathname === "/version") return json(response, 200, { Version: "28.1", ApiVersion: "1.47" });
    if (url.pathname === "/info")
      return json(response, 200, {
        Containers: 2,
        ContainersRunning: 1,
        ContainersPaused: 0,
        ContainersStopped: 1,
        Images: 5,
      });
    if (url.pathname === "/containers/json") {
      const listed = [...containers.values()].filter((one) => url.searchParams.get("all") === "true" || one.running);
      return json(
        response,
        200,
        listed.map((one) => ({
          Id: one.name.repeat(12).slice(0, 64),
          Names: [`/other/${one.name}`, `/${one.name}`],
          Image: one.image,
          State: one.running ? "running" : "exited",
          Status: one.running ? "Up 2 minutes" : `Exited (${one.exitCode})`,
          Created: 1_767_323_045,
          Labels: one.labels,
          Ports: [{ IP: "0.0.0.0", PrivatePort: 80, PublicPort: 8080, Type: "tcp" }],
        })),
      );
    }
    if (url.pathname === "/images/create") {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"status":"Pulling from library/nginx","id":"1.27"}\r\n{"status":"Downloading","id":"a1",');
      response.write('"progressDetail":{"current":10,"total":40}}\r\n');
      if (url.searchParams.get("fromImage")!.startsWith("missing"))
        return void response.end('{"error":"manifest unknown","errorDetail":{"message":"manifest unknown"}}\r\n');
      return void response.end('{"status":"Status: Downloaded newer image"}\r\n');
    }
    if (url.pathname.startsWith("/images/"))
      return json(response, 200, { Id: "sha256:abc", Size: 1_000, RepoDigests: ["nginx@sha256:def"] });
    if (url.pathname === "/containers/create") {
      const name = url.searchParams.get("name")!;
      if (containers.has(name))
        return json(response, 409, { message: `Conflict. The container name "/${name}" is in use` });
      containers.set(name, { name, image: "x", running: false, exitCode: 0, tty: false, labels: {}, log: [] });
      return json(response, 201, { Id: name, Warnings: [] });
    }
    const [, , id, what] = url.pathname.split("/") as [string, string, string, string | undefined];
    const one = containers.get(decodeURIComponent(id));
    if (!one) return json(response, 404, { message: `No such container: ${id}` });
    if (request.method === "DELETE") {
      if (one.running && url.searchParams.get("force") !== "true")
        return json(response, 409, {
          message: "container is running: stop the container before removing or force remove",
        });
      containers.delete(one.name);
      return json(response, 204);
    }
    switch (what) {
      case undefined:
        break;
      case "json":
        return json(response, 200, inspect(one));
      case "start":
      case "stop": {
        const wanted = what === "start";
        if (one.name === "port-taken") return json(response, 500, { message: "port is already allocated" });
        if (one.running === wanted) return json(response, 304);
        // Exit code 42 stands for a program that ends as soon as it is started.
        one.running = wanted && one.exitCode !== 42;
        return json(response, 204);
      }
      case "restart":
        one.running = true;
        return json(response, 204);
      case "stats":
        return json(response, 200, {
          cpu_stats: { cpu_usage: { total_usage: 600 }, system_cpu_usage: 2_000, online_cpus: 4 },
          precpu_stats: { cpu_usage: { total_usage: 500 }, system_cpu_usage: 1_000 },
          memory_stats: { usage: 900, limit: 4_000, stats: { inactive_file: 100 } },
          networks: { eth0: { rx_bytes: 5, tx_bytes: 6 }, eth1: { rx_bytes: 1, tx_bytes: 1 } },
          pids_stats: { current: 3 },
        });
      case "logs": {
        response.writeHead(200, { "content-type": "application/vnd.docker.multiplexed-stream" });
        const all = Buffer.concat(one.log.map(([stream, line]) => (one.tty ? Buffer.from(line) : frame(stream, line))));
        // Cut where no frame ends, as a network would.
        for (let at = 0; at < all.length; at += 5) response.write(all.subarray(at, at + 5));
        if (url.searchParams.get("follow") === "true") return;
        return void response.end();
      }
    }
    return json(response, 500, { message: `the fake engine does not know ${url.pathname}` });
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    containers,
    calls,
    bodies,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
}
