/** The worker in the server's own process: the same protocol, without a socket. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Tokens } from "../../access/tokens.ts";
import type { Tracing } from "../../core/tracing.ts";
import { WilcoError } from "../../core/errors.ts";
import { randomId } from "../../core/ids.ts";
import { DEFAULT_ROLE, DEFAULT_ZONE } from "../../domain/route.ts";
import type { WorkerState } from "../../domain/worker.ts";
import type { Operations } from "../../operations/contract.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import type { Slots } from "../slots.ts";
import { createWorkerApi } from "../../worker/api.ts";
import { createInjectRequest } from "../../worker/request.ts";
import type { LoadTypes } from "../../worker/types-in-use.ts";
import { createWorker, type Worker } from "../../worker/worker.ts";
import { injectDispatch } from "./inject-dispatch.ts";
import type { ScriptPoolOptions } from "./script-worker.ts";
import { superviseWorker } from "./supervised-worker.ts";

export interface InProcessWorkerOptions {
  app: FastifyInstance;
  tokens: Tokens;
  operations: Operations;
  /** The embedded server's; null in a cluster, where the worker gets a token of its own. */
  adminToken: string | null;
  name: string;
  slots: Slots;
  types: readonly ResourceTypeDefinition[];
  /** The pool of scripts beside it; absent = none. */
  scripts?: ScriptPoolOptions | undefined;
  reloadTypes?: LoadTypes;
  dataDir: string;
  version: string;
  log: Logger;
  tracing?: Tracing | null | undefined;
}

/** Never listened on: it names the server in requests and messages. */
const URL_IN_PROCESS = "http://wilco.local";
const TOKEN_FILE = "worker.token";
/** What is said to have made the token. */
const CREATOR = "server";
/** Random characters at the end of its name. */
const SUFFIX = 6;

/** Started, and started anew when the server will not have it any more. */
export function startInProcessWorker(options: InProcessWorkerOptions): Promise<Worker> {
  return superviseWorker({ start: () => startOne(options), log: options.log });
}

async function startOne(options: InProcessWorkerOptions): Promise<Worker> {
  const { app, name, dataDir, scripts, version, log } = options;
  const token = options.adminToken ?? (await ensureWorkerToken(options));
  const api = createWorkerApi({ request: createInjectRequest({ inject: (request) => app.inject(request), token }) });
  const operations = createWorker({
    api,
    name,
    zone: DEFAULT_ZONE,
    roles: [DEFAULT_ROLE],
    capacity: options.slots.max,
    minProcesses: options.slots.min,
    types: options.types,
    ...(options.reloadTypes ? { reloadTypes: options.reloadTypes } : {}),
    stateDir: join(dataDir, "worker"),
    version,
    log,
    tracing: options.tracing ?? null,
  });
  const worker = scripts === undefined ? operations : await withScripts(operations, scripts);
  await worker.start();
  return worker;

  async function withScripts(beside: Worker, pool: ScriptPoolOptions): Promise<Worker> {
    // Servers of --local have no pool: they need not load it.
    const { createScriptWorker, joinWorkers } = await import("./script-worker.ts");
    const server = { url: URL_IN_PROCESS, dispatch: injectDispatch(app) };
    const stateDir = join(dataDir, "script-worker");
    const pooled = createScriptWorker({ ...pool, api, server, name, zone: DEFAULT_ZONE, stateDir, version, log });
    return joinWorkers(pooled, beside);
  }
}

/** Kept in the data directory, so that a server that restarts often does not leave a token behind each time. */
async function ensureWorkerToken(options: InProcessWorkerOptions): Promise<string> {
  const { tokens, name, dataDir } = options;
  const file = join(dataDir, TOKEN_FILE);
  try {
    const stored = readFileSync(file, "utf8").trim();
    await tokens.verify(stored);
    return stored;
  } catch {
    // None yet, or it was revoked: a new one takes its place.
  }
  await revokeFormer(options);
  const { token } = await tokens.create(CREATOR, {
    name: `${prefixOf(name)}${randomId().slice(0, SUFFIX)}`,
    role: "worker",
  });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/**
 * A name stays with the token that had it last. The one of a data directory that is gone (a container's) is of no use to
 * anybody, and would keep its name from the server that comes back.
 * @throws WilcoError `worker_name_taken` while a worker of that name lives: then the token is another server's.
 */
async function revokeFormer({ operations, tokens, name }: InProcessWorkerOptions): Promise<void> {
  const { items } = await operations.workers();
  const live = items.find((worker) => worker.name === name && isLive(worker.state) && !worker.silent);
  if (live) {
    throw new WilcoError({
      code: "worker_name_taken",
      message: `The worker name ${name} is taken by process ${live.pid} on ${live.host}`,
      hint: "Give this server's worker another name with --worker-name, or stop that one.",
    });
  }
  // By its length: "worker-a-b-1a2b3c" is the worker a-b's, not a's.
  const length = prefixOf(name).length + SUFFIX;
  for (const token of await tokens.list()) {
    const own = token.createdBy === CREATOR && token.name.startsWith(prefixOf(name)) && token.name.length === length;
    if (own && token.revokedAt === null) await tokens.revoke(token.name);
  }
}

function prefixOf(name: string): string {
  return `worker-${name}-`;
}

function isLive(state: WorkerState): boolean {
  return state === "starting" || state === "ready" || state === "draining";
}
