/** `wilco server`: the server in the foreground. */
import { hostname } from "node:os";
import { parseBytes } from "../../core/bytes.ts";
import { parseDuration } from "../../core/durations.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { whyUnwritable } from "../../core/file-errors.ts";
import { keepHeapFrugal } from "../../core/frugal-heap.ts";
import { makeDirectory } from "../../core/make-directory.ts";
import { requireName } from "../../domain/route.ts";
import { DEFAULT_QUEUE_SETTINGS, type QueueSettings } from "../../operations/context.ts";
import { automaticSettings, type AutomaticFlags } from "../automatic-flags.ts";
import { openTracing } from "../composition/tracing.ts";
import { createLog } from "../composition/log.ts";
import { openTypes } from "../composition/load-types.ts";
import { readTls, startServerParts } from "../composition/server-parts.ts";
import { scriptPoolOf } from "../composition/script-pool-flags.ts";
import { logStrayRejections } from "../composition/stray-rejections.ts";
import type { Context } from "../context.ts";
import { databaseUrlOf } from "../database-url.ts";
import { dataDirOf } from "../data-dir.ts";
import { EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { parseCount } from "../numbers.ts";
import { secretKeyOf } from "../secret-key.ts";
import { parseSlots } from "../slots.ts";
import { readVersion } from "../version.ts";
import type { UpFlags } from "./up.ts";

export interface ServerFlags extends UpFlags, AutomaticFlags {
  databaseUrl?: string;
  workerName?: string;
  secretKeyFile?: string;
  tlsCert?: string;
  tlsKey?: string;
  insecure?: boolean;
  lease?: string;
  lostAfter?: string;
  contentLimit?: string;
}

const DEFAULT_PORT = "7070";
const LAST_PORT = 65_535;

/** Runs until it is asked to stop; a first signal lets running operations end, a second one stops them. */
export async function serverCommand(context: Context, flags: ServerFlags): Promise<number> {
  const dataDir = dataDirOf(context, flags.dataDir);
  const port = flags.port ?? DEFAULT_PORT;
  const listen = {
    host: flags.host ?? "127.0.0.1",
    port: port === "0" ? 0 : parseCount(port, "--port", LAST_PORT, DEFAULT_PORT),
    insecure: flags.insecure === true,
    tls: readTls(flags.tlsCert && context.path(flags.tlsCert), flags.tlsKey && context.path(flags.tlsKey)),
  };
  const databaseUrl = databaseUrlOf(context.env, flags.databaseUrl);
  const workerName = workerNameOf(flags, databaseUrl);
  const slots = parseSlots(flags.slots);
  const loaded = await openTypes(flags.types, context);
  const settings = { ...leaseSettings(flags), ...automaticSettings(context.env, flags) };
  const scripts = scriptPoolOf(context, flags);
  const log = createLog(
    context.output,
    context.flags.verbose === true ? "debug" : context.flags.quiet === true ? "warn" : "info",
  );
  const stopLogging = logStrayRejections(log);
  const heap = keepHeapFrugal();
  const interrupt = listenForInterrupt();
  const interrupted = new Promise<void>((resolve) =>
    interrupt.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  try {
    if (databaseUrl !== undefined) makeDataDir(dataDir);
    const server = await startServerParts({
      dataDir,
      databaseUrl,
      secretKey: secretKeyOf(context, flags.secretKeyFile),
      listen,
      settings,
      contentLimit: flags.contentLimit === undefined ? undefined : parseBytes(flags.contentLimit, "--content-limit"),
      worker: flags.worker ? { name: workerName, slots, ...loaded, ...scripts } : null,
      version: readVersion(),
      tracing: await openTracing(context.env, "wilco-server", hostname(), log),
      log,
    });
    context.output.write(`${server.url}\n`);
    await interrupted;
    const running = server.worker === null ? "" : "; running operations end first, a second signal stops them";
    context.output.notice(`Stopping${running}.`);
    interrupt.onAgain(
      () => void server.stopNow().catch((error: unknown) => log.error({ error: messageOf(error) }, "stop failed")),
    );
    await server.stop();
    // Asked to stop, and stopped: that is what a supervisor wants to see as success.
    return EXIT.succeeded;
  } finally {
    interrupt.dispose();
    heap.stop();
    stopLogging();
  }
}

/** Where the embedded database does not make it. */
function makeDataDir(dataDir: string): void {
  try {
    makeDirectory(dataDir, 0o700);
  } catch (cause) {
    throw new WilcoError({
      code: "data_directory_unusable",
      message: `The data directory ${dataDir} can't be used: ${whyUnwritable(cause)}`,
      hint: "Make it readable and writable for this user, or name another directory with --data-dir.",
      cause,
    });
  }
}

/** Shorter ones would be lost to a busy machine or a slow network. */
const SHORTEST_LEASE = 1_000;

/** A third of the lease is a heartbeat: two of them may be lost. */
function leaseSettings({ lease: text, lostAfter: silence }: ServerFlags): Partial<QueueSettings> {
  const lease = text === undefined ? DEFAULT_QUEUE_SETTINGS.lease : parseDuration(text, "--lease");
  const lostAfter = silence === undefined ? DEFAULT_QUEUE_SETTINGS.lostAfter : parseDuration(silence, "--lost-after");
  if (lease < SHORTEST_LEASE) throw tooShort("--lease", "1s", "busy workers would lose their work");
  if (lostAfter < lease) throw tooShort("--lost-after", "the lease", "a silent worker is noticed by its lease's end");
  return { lease, heartbeat: Math.floor(lease / 3), lostAfter };
}

function tooShort(flag: string, least: string, why: string): WilcoError {
  return new WilcoError({
    code: "invalid_request",
    message: `${flag} must not be shorter than ${least}: ${why}`,
    hint: "The defaults are --lease 30s and --lost-after 5m; all servers of a database need the same.",
  });
}

/** Of a cluster's servers each has its worker; a single server's is simply the local one. */
function workerNameOf({ worker, workerName }: ServerFlags, databaseUrl: string | undefined): string {
  if (workerName === undefined) return databaseUrl === undefined ? "local" : hostname();
  if (worker) return requireName(workerName, "worker name");
  throw new WilcoError({
    code: "invalid_request",
    message: "--worker-name and --no-worker exclude each other",
    hint: "Leave one of them out.",
  });
}
