/** `wilco worker --once --entry ID`: one entry in the foreground, to debug a handler. */
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, WilcoError } from "../../core/errors.ts";
import type { EntryError } from "../../domain/entry.ts";
import { DEFAULT_ROLE, requireName } from "../../domain/route.ts";
import { createWorkerApi } from "../../worker/api.ts";
import { createHttpRequest } from "../../worker/request.ts";
import { createWorker } from "../../worker/worker.ts";
import type { Outcome } from "../../worker/reporter.ts";
import { createFileLog, createLog } from "../composition/log.ts";
import { openTypes } from "../composition/load-types.ts";
import { logStrayRejections } from "../composition/stray-rejections.ts";
import { resolveConnection } from "../connection.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { listenForInterrupt } from "../interrupt.ts";
import { parseCount } from "../numbers.ts";
import { sentence } from "../output/error-text.ts";
import { readVersion } from "../version.ts";
import type { WorkerFlags } from "./worker.ts";

/** Claimed under the same rules as by any worker; the exit code is that of the operation. */
export async function workerOnceCommand(context: Context, flags: WorkerFlags): Promise<number> {
  const entry = entryOf(flags);
  const name = requireName(flags.name ?? `${hostname()}-once-${process.pid}`, "worker name");
  const { types } = await openTypes(flags.types, context);
  const { url, token } = await resolveConnection(context);
  const { output } = context;
  const log =
    flags.log === undefined
      ? createLog(output, context.flags.verbose === true ? "debug" : "warn")
      : createFileLog(context.path(flags.log), "debug");
  const temporary = flags.stateDir === undefined ? mkdtempSync(join(tmpdir(), "wilco-once-")) : undefined;
  let outcome: Outcome | undefined;
  const worker = createWorker({
    api: createWorkerApi({ request: createHttpRequest({ url, token }) }),
    name,
    zone: requireName(flags.zone, "zone"),
    roles: (flags.role ?? [DEFAULT_ROLE]).map((role) => requireName(role, "role")),
    capacity: 1,
    entry,
    types,
    stateDir: temporary ?? context.path(flags.stateDir!),
    version: readVersion(),
    log,
    watch: {
      output: (data, stream) => (stream === "stdout" ? output.write(data) : output.writeErr(data)),
      ended: (_lease, how) => (outcome = how),
    },
  });
  const stopLogging = logStrayRejections(log);
  const interrupt = listenForInterrupt();
  const stopNow = () => void worker.stopNow().catch((error: unknown) => log.error({ error: messageOf(error) }, "stop"));
  // Whoever debugs a handler wants it to end; a second signal changes nothing.
  interrupt.onAgain(stopNow);
  interrupt.signal.addEventListener("abort", stopNow);
  try {
    await worker.start();
    await worker.stopped;
    return tell(context, entry, outcome);
  } finally {
    interrupt.dispose();
    stopLogging();
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
  }
}

function entryOf({ once, entry }: WorkerFlags): number {
  if (once === true && entry !== undefined) return parseCount(entry, "--entry", Number.MAX_SAFE_INTEGER);
  throw new WilcoError({
    code: "invalid_request",
    message: once === true ? "Which entry is to be run is not said" : "--entry is for --once",
    hint: "Write: wilco worker --once --entry ID",
  });
}

/** undefined = the lease was lost: somebody else has it, or it was ended. */
function tell({ output }: Context, entry: number, outcome: Outcome | undefined): number {
  if (outcome === undefined) {
    output.warn(
      `${output.paintErr.red("error:")} Entry ${entry} is not this worker's any more: wilco entry show ${entry}`,
    );
    return EXIT.lost;
  }
  if (outcome.status === "succeeded") {
    output.notice(`Entry ${entry} succeeded: ${JSON.stringify(outcome.result ?? null)}`);
    return EXIT.succeeded;
  }
  if (outcome.status === "released") {
    output.notice(`Entry ${entry} was handed back; it is queued again.`);
    return EXIT.canceled;
  }
  const error = outcome.error as EntryError | undefined;
  output.warn(`${output.paintErr.red("error:")} Entry ${entry} ${outcome.status}: ${sentence(error?.message ?? "")}`);
  if (error?.hint !== undefined) output.warn(`  ${sentence(error.hint)}`);
  return outcome.status === "canceled" ? EXIT.canceled : EXIT.failed;
}
