/** `wilco worker`: a worker that reaches its server over HTTP, with a worker token and nothing else. */
import { hostname } from "node:os";
import { join } from "node:path";
import { formatPriorityBand, parsePriorityBand } from "../../domain/priority.ts";
import type { Logger } from "pino";
import { DEFAULT_ROLE, requireName } from "../../domain/route.ts";
import { SCRIPT_ROLE } from "../../domain/script.ts";
import { createWorkerApi } from "../../worker/api.ts";
import { createHttpRequest } from "../../worker/request.ts";
import { createWorker, type Worker } from "../../worker/worker.ts";
import { messageOf, WilcoError } from "../../core/errors.ts";
import { openTracing } from "../composition/tracing.ts";
import { createFileLog, createLog } from "../composition/log.ts";
import { scriptPoolOf, type ScriptPoolFlags } from "../composition/script-pool-flags.ts";
import { openTypes } from "../composition/load-types.ts";
import { logStrayRejections } from "../composition/stray-rejections.ts";
import { resolveConnection } from "../connection.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { parseSlots } from "../slots.ts";
import { readVersion } from "../version.ts";

export interface WorkerFlags extends ScriptPoolFlags {
  name?: string;
  zone: string;
  role?: string[];
  slots: string;
  priorityBand?: string;
  types?: string;
  stateDir?: string;
  log?: string;
  once?: boolean;
  entry?: string;
}

/** Runs until it is asked to stop; a first signal drains it, a second one hands back what may be repeated. */
export async function workerCommand(context: Context, flags: WorkerFlags): Promise<number> {
  if (flags.once === true || flags.entry !== undefined) {
    return (await import("./worker-once.ts")).workerOnceCommand(context, flags);
  }
  const name = requireName(flags.name ?? hostname(), "worker name");
  const zone = requireName(flags.zone, "zone");
  const roles = (flags.role ?? [DEFAULT_ROLE]).map((role) => requireName(role, "role"));
  const slots = parseSlots(flags.slots);
  const band = flags.priorityBand === undefined ? undefined : parsePriorityBand(flags.priorityBand);
  const { types, reloadTypes } = await openTypes(flags.types, context);
  const { url, token } = await resolveConnection(context);
  const log = workerLog(context, flags.log);
  // Scripts have places of their own beside the slots, so the pool serves their role.
  const tracing = await openTracing(context.env, "wilco-worker", name, log);
  const ownRoles = roles.filter((role) => role !== SCRIPT_ROLE);
  const operations = createWorker({
    api: createWorkerApi({ request: createHttpRequest({ url, token }) }),
    name,
    zone,
    roles: ownRoles,
    capacity: slots.max,
    minProcesses: slots.min,
    ...(band ? { band } : {}),
    types,
    reloadTypes,
    stateDir:
      flags.stateDir === undefined
        ? join(dataDirOf(context, undefined), "workers", name)
        : context.path(flags.stateDir),
    version: readVersion(),
    log,
    tracing,
  });
  const worker =
    ownRoles.length === roles.length
      ? operations
      : await withScriptPool(
          context,
          flags,
          { name, zone, url, token, log },
          ownRoles.length === 0 ? null : operations,
        );
  const stopLogging = logStrayRejections(log);
  const interrupt = listenForInterrupt();
  const stopNow = () =>
    void worker.stopNow().catch((error: unknown) => log.error({ error: messageOf(error) }, "stop failed"));
  interrupt.onAgain(stopNow);
  interrupt.signal.addEventListener("abort", () => {
    context.output.notice("Stopping; running operations end first, a second signal hands them back.");
    void worker.stop().catch((error: unknown) => log.error({ error: messageOf(error) }, "stop failed"));
  });
  try {
    const starting = worker.start();
    // A worker that still waits for a server has nothing to drain: the first signal is enough.
    interrupt.signal.addEventListener("abort", () => void (started || stopNow()));
    let started = false;
    await starting
      .then(() => (started = true))
      .catch((error: unknown) => {
        if (!interrupt.signal.aborted) throw error;
      });
    if (!started) return SIGNAL_EXIT[interrupt.cause() ?? "SIGINT"];
    context.output.notice(
      `Worker ${name} is ready (${url}, zone ${zone}, roles ${roles.join(", ")}, ${ownRoles.length === 0 ? "no slots" : `${slots.max} slots`}${band ? `, priorities ${formatPriorityBand(band)}` : ""}${worker === operations ? "" : `, ${flags.scripts} scripts`}).`,
    );
    await worker.stopped;
    return EXIT.succeeded;
  } finally {
    interrupt.dispose();
    stopLogging();
    await tracing?.stop();
  }
}

/** Its file has everything, also what was begun and ended and when; stderr what a person wants to see. */
function workerLog(context: Context, file: string | undefined): Logger {
  const { verbose, quiet } = context.flags;
  if (file !== undefined) return createFileLog(context.path(file), quiet === true ? "warn" : "debug");
  return createLog(context.output, verbose === true ? "debug" : quiet === true ? "warn" : "info");
}

/** @param beside null = it runs scripts and nothing else. */
async function withScriptPool(
  context: Context,
  flags: WorkerFlags,
  { name, zone, url, token, log }: { name: string; zone: string; url: string; token: string; log: Logger },
  beside: Worker | null,
): Promise<Worker> {
  const { createScriptWorker, joinWorkers, scriptWorkerName } = await import("../composition/script-worker.ts");
  const { scripts } = scriptPoolOf(context, flags);
  if (scripts === undefined) {
    throw new WilcoError({
      code: "invalid_request",
      message: `--scripts 0 and --role ${SCRIPT_ROLE} exclude each other`,
      hint: "Leave one of them out.",
    });
  }
  const api = createWorkerApi({ request: createHttpRequest({ url, token }) });
  const version = readVersion();
  const stateDir =
    flags.stateDir === undefined
      ? join(dataDirOf(context, undefined), "workers", scriptWorkerName(name))
      : context.path(join(flags.stateDir, "scripts"));
  const pool = createScriptWorker({ ...scripts, api, server: { url }, name, zone, stateDir, version, log });
  return beside === null ? pool : joinWorkers(pool, beside);
}
