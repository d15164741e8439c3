/** The server put together: database, inventory, tokens, operations, HTTP app, and a worker in the same process. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { ensureLocalAdminToken } from "../../access/local-admin.ts";
import { createTokens } from "../../access/tokens.ts";
import { createCollector } from "../../content/collector.ts";
import { createContentStore } from "../../content/store.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { whyUnreadable } from "../../core/file-errors.ts";
import { openDatabase, type Database } from "../../database/database.ts";
import { openContentBytes } from "../../database/content-bytes.ts";
import { writeOwner } from "../../database/owner.ts";
import { createSchemaValidator } from "../../domain/schema.ts";
import { createInventory } from "../../inventory/inventory.ts";
import { createSealer, ensureSecretKey } from "../../inventory/sealer.ts";
import { requireSealingKey } from "../../inventory/sealing-key.ts";
import type { QueueSettings } from "../../operations/context.ts";
import { createOperations } from "../../operations/operations.ts";
import { settingOf } from "../../operations/settings.ts";
import { builtinTypes } from "../../resource-types/builtin.ts";
import { parseResourceType } from "../../resource-types/parse-type.ts";
import { createScriptType } from "../../resource-types/script.ts";
import type { ResourceTypeDefinition } from "../../resource-types/sdk.ts";
import { createServerApp } from "../../server/app.ts";
import { createMetrics } from "../../telemetry/metrics.ts";
import { traceMove } from "../../telemetry/spans.ts";
import type { Tracing } from "../../core/tracing.ts";
import { startListening } from "../../server/listen.ts";
import type { LoadTypes } from "../../worker/types-in-use.ts";
import type { Worker } from "../../worker/worker.ts";
import type { Slots } from "../slots.ts";
import { startInProcessWorker } from "./in-process-worker.ts";
import type { ScriptPoolOptions } from "./script-worker.ts";

export interface ServerPartsOptions {
  /** Data, tokens, keys and the worker's state. */
  dataDir: string;
  /** PostgreSQL instead of the embedded database. */
  databaseUrl?: string | undefined;
  /** Of a cluster; default: `secret.key` in the data directory. */
  secretKey?: Uint8Array | undefined;
  /** null = reached by `inject` only. Port 0 = any free one. */
  listen: { host: string; port: number; insecure: boolean; tls?: { cert: string; key: string } | undefined } | null;
  /** null = no worker in this process. */
  worker: {
    name: string;
    slots: Slots;
    types: readonly ResourceTypeDefinition[];
    reloadTypes?: LoadTypes;
    scripts?: ScriptPoolOptions;
  } | null;
  /** Bytes of one content at most. Default 2 GB. */
  contentLimit?: number | undefined;
  /** Of the queue; default: its own. */
  settings?: Partial<QueueSettings>;
  version: string;
  log: Logger;
  /** Null or none = no spans. */
  tracing?: Tracing | null;
}

export interface ServerParts {
  app: FastifyInstance;
  /** null when it does not listen. */
  url: string | null;
  /** Of the embedded server; null with `databaseUrl`, where tokens are made with `wilco tokens bootstrap`. */
  adminToken: string | null;
  worker: Worker | null;
  /** Running operations end first, however long that takes. Idempotent. */
  stop(): Promise<void>;
  /** Aborts what runs. Safe also during `stop`. */
  stopNow(): Promise<void>;
}

/** @throws WilcoError `data_directory_in_use`, `data_directory_unusable`, `database_…`, `unavailable` (the port). */
export async function startServerParts(options: ServerPartsOptions): Promise<ServerParts> {
  const { dataDir, databaseUrl, log } = options;
  const database = await openDatabase(databaseUrl === undefined ? { dataDir } : { url: databaseUrl });
  const closing: Array<() => Promise<unknown>> = [() => database.close()];
  const closeAll = async () => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    const parts = await buildApp(options, database);
    closing.push(async () => {
      await parts.app.close();
      await parts.collector.stop();
      parts.metrics.stop();
      // After the last transitions, which make spans.
      await options.tracing?.stop();
    });
    const url = options.listen === null ? null : await startListening(parts.app, listenOptions(options.listen));
    await parts.operations.start();
    // Ready before it is announced: whoever reads the owner's file may use it at once.
    const worker =
      options.worker === null
        ? null
        : await startInProcessWorker({
            ...options.worker,
            ...parts,
            dataDir,
            log,
            version: options.version,
            tracing: options.tracing,
          });
    if (worker) closing.push(() => worker.stop());
    if (databaseUrl === undefined) writeOwner(dataDir, url);
    log.info({ url, engine: database.dialect.engine, dataDir }, "server ready");

    let stopping: Promise<void> | undefined;
    const stop = () => {
      parts.leave();
      return (stopping ??= closeAll().then(() => log.info({}, "server stopped")));
    };
    return {
      app: parts.app,
      url,
      adminToken: parts.adminToken,
      worker,
      stop,
      async stopNow() {
        const stopped = stop();
        await worker?.stopNow();
        await stopped;
      },
    };
  } catch (error) {
    await closeAll().catch((second: unknown) =>
      log.error({ error: messageOf(second) }, "the failed start could not be cleaned up"),
    );
    throw error;
  }
}

async function buildApp(options: ServerPartsOptions, database: Database) {
  const { dataDir, databaseUrl, version, log, settings = {} } = options;
  const schemas = createSchemaValidator();
  const sealer = createSealer(options.secretKey ?? ensureSecretKey(dataDir));
  await requireSealingKey(database, sealer);
  const inventory = createInventory({
    database,
    schemas,
    sealer,
    parseType: (name, value) => parseResourceType(name, value, { schemas }),
  });
  const scriptType = createScriptType(() => {});
  await inventory.registerBuiltinTypes([...builtinTypes, scriptType].map((type) => type.descriptor));
  const tokens = createTokens({ database });
  const adminToken = databaseUrl === undefined ? await ensureLocalAdminToken(database, dataDir) : null;
  const { targets, secrets } = inventory;
  const { tracing = null } = options;
  const content = createContentStore({
    database,
    bytes: await openContentBytes(database, { directory: join(dataDir, "content") }),
    limit: options.contentLimit,
  });
  const collector = createCollector({ content, age: () => settingOf(database, "keep-content"), log });
  await collector.start();
  const metrics = createMetrics({ look: () => operations.gauges() });
  const operations = createOperations({
    database,
    targets,
    secrets,
    children: inventory.children,
    log,
    settings,
    validator: schemas,
    about: { dataDir, version },
    tracing,
    takeFound: () => inventory.takeByRules(),
    onMove(move) {
      metrics.count(move);
      if (tracing) traceMove(tracing, move);
    },
  });
  const leaving = new AbortController();
  const app = createServerApp({
    leaving: leaving.signal,
    operations,
    inventory,
    content,
    tokens,
    database,
    metrics,
    log,
    version,
    tls: options.listen?.tls,
  });
  return { app, operations, collector, metrics, tokens, adminToken, leave: () => leaving.abort() };
}

function listenOptions({ host, port, insecure, tls }: NonNullable<ServerPartsOptions["listen"]>) {
  return { host, port, insecure, tls: tls !== undefined };
}

/** PEM files of `--tls-cert` and `--tls-key`. @throws WilcoError `invalid_request`: one of them is missing or unusable. */
export function readTls(cert: string | undefined, key: string | undefined): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: "--tls-cert and --tls-key belong together",
      hint: "Give both files.",
    });
  }
  const pair = { cert: readTlsFile(cert), key: readTlsFile(key) };
  try {
    createSecureContext(pair);
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${cert} and ${key} can't be used for TLS: ${whyNoPair(pair, error)}`,
      hint: "--tls-cert takes the certificate and those between it and its authority, --tls-key its private key, both as PEM.",
    });
  }
  return pair;
}

function whyNoPair({ cert, key }: { cert: string; key: string }, error: unknown): string {
  if (!cert.includes("BEGIN CERTIFICATE")) return "the first has no certificate in it";
  if (!/BEGIN [A-Z ]*PRIVATE KEY/.test(key)) return "the second has no private key in it";
  if (key.includes("ENCRYPTED")) return "the private key has a passphrase; write it without one";
  const code = (error as { code?: unknown }).code;
  return code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH" ? "the key is not that of the certificate" : messageOf(error);
}

function readTlsFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `${path} can't be read: ${whyUnreadable(error)}`,
      hint: "Check --tls-cert and --tls-key.",
    });
  }
}
