/** Workers of another version are told so, before what else they send is found to be wrong. */
import { WilcoError } from "../core/errors.ts";
import { OLDEST_WORKER_PROTOCOL, WORKER_PROTOCOL } from "../protocol/worker-protocol.ts";

/**
 * @param body of a registration, as it came.
 * @throws WilcoError `version_mismatch`.
 */
export function requireWorkerProtocol(body: unknown, serverVersion: string): void {
  const { name, version, protocol = 1 } = (body ?? {}) as { name?: unknown; version?: unknown; protocol?: unknown };
  // What is no number at all is for the schema to refuse.
  if (typeof protocol !== "number") return;
  const old = protocol < OLDEST_WORKER_PROTOCOL;
  if (!old && protocol <= WORKER_PROTOCOL) return;
  throw new WilcoError({
    code: "version_mismatch",
    message: `The worker ${text(name)} (wilco ${text(version)}) is too ${old ? "old" : "new"} for this server (wilco ${serverVersion}): it speaks version ${protocol} of the worker protocol, the server ${range()}`,
    hint: old
      ? `Update the worker to wilco ${serverVersion}.`
      : `Update the server first, or run the worker with wilco ${serverVersion}.`,
    details: { worker: protocol, oldest: OLDEST_WORKER_PROTOCOL, newest: WORKER_PROTOCOL },
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 128) : "?";
}

function range(): string {
  return OLDEST_WORKER_PROTOCOL === WORKER_PROTOCOL
    ? String(WORKER_PROTOCOL)
    : `${OLDEST_WORKER_PROTOCOL} to ${WORKER_PROTOCOL}`;
}
