/** A worker against a fake server, in a directory of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { builtinTypes } from "../../src/resource-types/builtin.ts";
import { defineResourceType, type Handler, type Log } from "../../src/resource-types/sdk.ts";
import type { WorkerOptions } from "../../src/worker/options.ts";
import { createWorker } from "../../src/worker/worker.ts";
import { createFakeServer } from "./fake-server.ts";

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };

export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "wilco-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** A type "test" whose operations are these handlers. */
export function testType(handlers: Record<string, Handler>) {
  return defineResourceType({
    name: "test",
    operations: Object.fromEntries(
      Object.entries(handlers).map(([name, handler]) => [name, { handler, parameters: { type: "object" } }]),
    ),
  });
}

export interface WorldOptions extends Partial<WorkerOptions> {
  handlers?: Record<string, Handler>;
  timing?: Parameters<typeof createFakeServer>[0];
}

export async function createWorld({ handlers = {}, timing, ...options }: WorldOptions = {}) {
  const server = createFakeServer(timing);
  const stateDir = options.stateDir ?? (await temporaryDirectory());
  const makeWorker = (more: Partial<WorkerOptions> = {}) => {
    const worker = createWorker({
      api: server.api,
      name: "w1",
      zone: "default",
      roles: ["automate"],
      capacity: 4,
      types: [testType(handlers), ...builtinTypes],
      stateDir,
      version: "0.0.0",
      log: silentLog,
      killGrace: 300,
      ...options,
      ...more,
    });
    onTestFinished(() => worker.stopNow().catch(() => {}));
    return worker;
  };
  return { server, stateDir, makeWorker, worker: makeWorker() };
}

/** A promise that a test settles from outside, and whether somebody waits for it. */
export function gate<T = void>() {
  return Promise.withResolvers<T>();
}
