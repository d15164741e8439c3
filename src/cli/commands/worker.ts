/** `wilco worker`: a worker that reaches its server over HTTP, with a worker token and nothing else. */
import { hostname } from "node:os";
import { join } from "node:path";
import { formatPriorityBand, parsePriorityBand } from "../../domain/priority.ts";
import { DEFAULT_ROLE, requireName } from "../../domain/route.ts";
import { createWorkerApi } from "../../worker/api.ts";
import { createHttpRequest } from "../../worker/request.ts";
import { createWorker } from "../../worker/worker.ts";
import { messageOf } from "../../core/errors.ts";
import { createLog } from "../composition/log.ts";
import { loadTypes } from "../composition/load-types.ts";
import { logStrayRejections } from "../composition/stray-rejections.ts";
import { resolveConnection } from "../connection.ts";
import type { Context } from "../context.ts";
import { dataDirOf } from "../data-dir.ts";
import { EXIT, SIGNAL_EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { parseSlots } from "../slots.ts";
import { readVersion } from "../version.ts";

export interface WorkerFlags {
  name?: string;
  zone: string;
  role?: string[];
  slots: string;
  priorityBand?: string;
  types?: string;
  stateDir?: string;
}

/** Runs until it is asked to stop; a first signal drains it, a second one hands back what may be repeated. */
export async function workerCommand(context: Context, flags: WorkerFlags): Promise<number> {
  const name = requireName(flags.name ?? hostname(), "worker name");
  const zone = requireName(flags.zone, "zone");
  const roles = (flags.role ?? [DEFAULT_ROLE]).map((role) => requireName(role, "role"));
  const slots = parseSlots(flags.slots);
  const band = flags.priorityBand === undefined ? undefined : parsePriorityBand(flags.priorityBand);
  const types = await loadTypes(flags.types && context.path(flags.types));
  const { url, token } = await resolveConnection(context);
  const log = createLog(
    context.output,
    context.flags.verbose === true ? "debug" : context.flags.quiet === true ? "warn" : "info",
  );
  const worker = createWorker({
    api: createWorkerApi({ request: createHttpRequest({ url, token }) }),
    name,
    zone,
    roles,
    capacity: slots.max,
    minProcesses: slots.min,
    ...(band ? { band } : {}),
    types,
    stateDir:
      flags.stateDir === undefined
        ? join(dataDirOf(context, undefined), "workers", name)
        : context.path(flags.stateDir),
    version: readVersion(),
    log,
  });
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
      `Worker ${name} is ready (${url}, zone ${zone}, roles ${roles.join(", ")}, ${slots.max} slots${band ? `, priorities ${formatPriorityBand(band)}` : ""}).`,
    );
    await worker.stopped;
    return EXIT.succeeded;
  } finally {
    interrupt.dispose();
    stopLogging();
  }
}
