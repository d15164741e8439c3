/** A real server with a real worker for the tests of the command line, started through the command line itself. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { paths } from "../../src/protocol/paths.ts";
import { CLI_FILE, startCli } from "../support/cli.ts";
import { spawnProcess, type Ended, type StartOptions, type TestProcess } from "../support/processes.ts";

export interface CliWorld {
  dir: string;
  url: string;
  /** Surroundings in which the commands find this server and nothing of the machine's user. */
  env: Record<string, string | undefined>;
  run(args: readonly string[], options?: StartOptions): Promise<Ended>;
  start(args: readonly string[], options?: StartOptions): TestProcess;
  /** A file in the world's directory; its path. */
  file(name: string, text: string): string;
  server: TestProcess;
  /** Asks the server over HTTP: for what a test sets up and looks at beside the command that it is about. */
  ask<T>(method: "GET" | "POST", path: string, body?: object): Promise<T>;
  stop(): Promise<void>;
}

/** Surroundings without a server, in a directory of its own. */
export function emptyWorld(): Omit<CliWorld, "url" | "server" | "ask"> {
  const dir = mkdtempSync(join(tmpdir(), "wilco-cli-"));
  const env = {
    CI: undefined,
    GITHUB_ACTIONS: undefined,
    NO_COLOR: undefined,
    FORCE_COLOR: undefined,
    WILCO_SERVER: undefined,
    WILCO_TOKEN: undefined,
    WILCO_PROFILE: undefined,
    WILCO_DATABASE_URL: undefined,
    HOME: dir,
    WILCO_DATA_DIR: join(dir, "data"),
    XDG_STATE_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    // Shared by the tests of a machine: stripping TypeScript costs 90 ms a process otherwise.
    XDG_CACHE_HOME: join(tmpdir(), "wilco-test-cache"),
    TMPDIR: dir,
    TZ: "UTC",
  };
  const merged = (options: StartOptions = {}): StartOptions => ({
    cwd: dir,
    ...options,
    env: { ...env, ...options.env },
  });
  return {
    dir,
    env,
    // Not `runCli`: that belongs to a test, and hooks run commands too.
    async run(args, options) {
      const command = spawnProcess(process.execPath, [CLI_FILE, ...args], merged(options));
      try {
        return await command.ended;
      } finally {
        await command.stop();
      }
    },
    start: (args, options) => startCli(args, merged(options)),
    file(name, text) {
      const path = join(dir, name);
      writeFileSync(path, text);
      return path;
    },
    async stop() {
      await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/**
 * For a whole file: call `stop` in afterAll.
 * @param inventory YAML to apply.
 * @param prepare is given the directory in which the server will run.
 * @param serverEnv of the server alone.
 */
export async function cliWorld(
  inventory: string,
  serverArgs: readonly string[] = [],
  prepare: (dir: string) => void = () => {},
  serverEnv: Record<string, string> = {},
): Promise<CliWorld> {
  const world = emptyWorld();
  prepare(world.dir);
  const server = spawnProcess(process.execPath, [CLI_FILE, "server", "--port", "0", ...serverArgs], {
    cwd: world.dir,
    env: { ...world.env, ...serverEnv },
  });
  const [url] = await server.line(/^http:\/\/127\.0\.0\.1:\d+$/);
  const token = readFileSync(join(world.dir, "data", "admin.token"), "utf8").trim();
  async function ask<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
  await ask("POST", paths.apply, parse(inventory) as object);
  return {
    ...world,
    url,
    server,
    ask,
    async stop() {
      server.kill("SIGTERM");
      server.kill("SIGTERM");
      await server.ended;
      await server.stop();
      await world.stop();
    },
  };
}

/** Free ports, asked of the system. Another process may take one before it is used; the tests would say so. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
