/** The worker in the server's own process: the same protocol, without a socket. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Tokens } from "../../access/tokens.ts";
import { randomId } from "../../core/ids.ts";
import { DEFAULT_ROLE, DEFAULT_ZONE } from "../../domain/route.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import { createWorkerApi } from "../../worker/api.ts";
import { createInjectRequest } from "../../worker/request.ts";
import { createWorker, type Worker } from "../../worker/worker.ts";

export interface InProcessWorkerOptions {
  app: FastifyInstance;
  tokens: Tokens;
  /** The embedded server's; null in a cluster, where the worker gets a token of its own. */
  adminToken: string | null;
  name: string;
  slots: number;
  types: readonly ResourceTypeDefinition[];
  dataDir: string;
  version: string;
  log: Logger;
}

const TOKEN_FILE = "worker.token";

export async function startInProcessWorker(options: InProcessWorkerOptions): Promise<Worker> {
  const { app, name, dataDir } = options;
  const token = options.adminToken ?? (await ensureWorkerToken(options.tokens, name, dataDir));
  const worker = createWorker({
    api: createWorkerApi({ request: createInjectRequest({ inject: (request) => app.inject(request), token }) }),
    name,
    zone: DEFAULT_ZONE,
    roles: [DEFAULT_ROLE],
    capacity: options.slots,
    types: options.types,
    stateDir: join(dataDir, "worker"),
    version: options.version,
    log: options.log,
  });
  await worker.start();
  return worker;
}

/** Kept in the data directory, so that a server that restarts often does not leave a token behind each time. */
async function ensureWorkerToken(tokens: Tokens, name: string, dataDir: string): Promise<string> {
  const file = join(dataDir, TOKEN_FILE);
  try {
    const stored = readFileSync(file, "utf8").trim();
    await tokens.verify(stored);
    return stored;
  } catch {
    // None yet, or it was revoked: a new one takes its place.
  }
  const { token } = await tokens.create("server", { name: `worker-${name}-${randomId().slice(0, 6)}`, role: "worker" });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
