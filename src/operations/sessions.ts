/** Worker sessions: registration, succession, the end of a session and of the leases it held. */
import { randomId, sha256 } from "../core/ids.ts";
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { WorkerRow } from "../database/tables.ts";
import { WHOLE_BAND, type PriorityBand } from "../domain/priority.ts";
import { requireName } from "../domain/route.ts";
import type { RegisterAnswer, RegisterRequest, ReloadedTypes, StopRequest } from "../protocol/messages.ts";
import { rememberTypes } from "../queue/eligibility.ts";
import { promoteHeads } from "../queue/heads.ts";
import type { Context } from "./context.ts";
import type { Principal, SaveTypes } from "./contract.ts";
import { transition, type Changes } from "./changes.ts";
import { lockEntries } from "./locked.ts";
import { warnOfGoneWorker } from "./serial.ts";
import { lapseLeases, requeue } from "./lapse.ts";
import { checkMayServe, checkMayTakeName } from "./may-register.ts";

export type { WorkerRow } from "../database/tables.ts";

/**
 * Opens a session. A live name is refused unless the newcomer proves succession (the secret of the state directory);
 * then the old session ends at once: whoever holds the directory knows that its predecessor is gone.
 */
export async function registerWorker(
  context: Context,
  principal: Principal,
  request: RegisterRequest,
  saveTypes: SaveTypes,
): Promise<RegisterAnswer> {
  checkMayServe(principal, request);
  requireName(request.name, "worker name");
  if (request.zone === "worker") {
    throw new WilcoError({
      code: "invalid_request",
      message: 'A zone can\'t be named "worker": routes to one worker begin with that word',
      hint: "Choose another name for the zone.",
    });
  }
  const band = checkedBand(request);
  const session = randomId();
  await transition(context, async (tx, changes) => {
    const now = tx.now();
    await checkMayTakeName(tx, principal, request.name);
    const [holder] = await tx.query<WorkerRow>(
      `SELECT * FROM worker WHERE name = $1 AND state IN ('starting', 'ready', 'draining') ${tx.dialect.forUpdate}`,
      [request.name],
    );
    if (holder) {
      const succeeds = holder.succession_hash === sha256(request.succession);
      if (!succeeds && holder.seen_at > now - context.settings.lease) throw nameTaken(holder, now);
      const reason = succeeds ? `its worker ${holder.name} was started anew` : `its worker ${holder.name} was replaced`;
      await endSession(context, tx, holder.session, "lost", reason, changes);
    }
    await saveTypes(tx, request.types);
    await tx.query(
      `INSERT INTO worker (session, name, zone, roles, state, capacity, host, pid, version, succession_hash, token,
         types, started_at, seen_at, priority_min, priority_max)
       VALUES ($1, $2, $3, $4, 'ready', $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14)`,
      [
        session,
        request.name,
        request.zone,
        JSON.stringify(request.roles),
        request.capacity,
        request.host,
        request.pid,
        request.version,
        sha256(request.succession),
        principal.name,
        JSON.stringify(namesOf(request.types)),
        now,
        band.min,
        band.max,
      ],
    );
    rememberTypes(tx, session, namesOf(request.types));
  });
  const { lease, heartbeat, grace } = context.settings;
  return { session, lease, heartbeat, grace };
}

/** Ends a session; what it still held lapses now, without waiting for the leases to run out. */
export async function endSession(
  context: Context,
  tx: Transaction,
  session: string,
  state: "stopped" | "lost",
  reason: string,
  changes: Changes,
): Promise<void> {
  const [worker] = await tx.query<{ name: string }>("UPDATE worker SET state = $2 WHERE session = $1 RETURNING name", [
    session,
    state,
  ]);
  changes.sessions.add(session);
  const held = await tx.query<{ id: number }>(
    "SELECT id FROM entry WHERE worker_session = $1 AND status IN ('running', 'canceling') ORDER BY id",
    [session],
  );
  await lapseLeases(
    tx,
    held.map((row) => row.id),
    { reason, final: true },
    changes,
  );
  // After the lapse, whose locks a forced cancel that was under way has been waited for by.
  await releaseForced(tx, session, changes);
  if (worker) await warnOfGoneWorker(tx, worker.name);
}

/** Resources that forced cancels still hold for this session are free now. */
async function releaseForced(tx: Transaction, session: string, changes: Changes): Promise<void> {
  const forced = await tx.query<{ id: number }>(
    "SELECT id FROM entry WHERE worker_session = $1 AND forced = 1 AND head = 1",
    [session],
  );
  await releaseForcedEntries(
    tx,
    forced.map((row) => row.id),
    changes,
  );
}

export async function releaseForcedEntries(tx: Transaction, ids: readonly number[], changes: Changes): Promise<void> {
  if (ids.length === 0) return;
  const locked = await lockEntries(tx, ids);
  await tx.query(`UPDATE entry SET head = 0, forced = 0 WHERE forced = 1 AND ${tx.dialect.inIds("id", "$1")}`, [
    JSON.stringify(ids),
  ]);
  const resources = [...locked.values()].flatMap((entry) => entry.resource ?? []);
  promoteHeads(tx, resources, changes.routes);
}

/** Two claims of one session must not count the same slots as free, so claims lock the row. */
export type SessionLock = "none" | "wait" | "unless-locked";

/**
 * @param lock reports and finishes need none: the lock on the entry decides.
 * @returns undefined only for "unless-locked", when somebody else holds the lock (or the session has gone meanwhile).
 * @throws WilcoError `session_ended`: register again. `forbidden` for another token's session.
 */
export async function requireSession(
  tx: Transaction,
  principal: Principal,
  session: string,
  lock?: "none" | "wait",
): Promise<WorkerRow>;
export async function requireSession(
  tx: Transaction,
  principal: Principal,
  session: string,
  lock: SessionLock,
): Promise<WorkerRow | undefined>;
export async function requireSession(
  tx: Transaction,
  principal: Principal,
  session: string,
  lock: SessionLock = "none",
): Promise<WorkerRow | undefined> {
  const { forUpdate, skipLocked } = tx.dialect;
  const clause = { none: "", wait: forUpdate, "unless-locked": `${forUpdate} ${skipLocked}` }[lock];
  const [worker] = await tx.query<WorkerRow>(`SELECT * FROM worker WHERE session = $1 ${clause}`, [session]);
  if (!worker && lock === "unless-locked") return undefined;
  if (!worker || !isLive(worker)) {
    throw sessionEnded();
  }
  if (!speaksFor(principal, worker)) {
    throw new WilcoError({
      code: "forbidden",
      message: `The session belongs to the token ${worker.token}`,
      hint: "A worker speaks only for the session it registered.",
    });
  }
  return worker;
}

export function sessionEnded(): WilcoError {
  return new WilcoError({
    code: "session_ended",
    message: "This worker session has ended",
    hint: "Register again; a worker of the same name may have replaced this one.",
  });
}

export function isLive({ state }: Pick<WorkerRow, "state"> | { state: string }): boolean {
  return state === "starting" || state === "ready" || state === "draining";
}

/** Whether the session was registered with this token. */
export function speaksFor({ role, name }: Principal, { token }: Pick<WorkerRow, "token">): boolean {
  return role === "admin" || token === name;
}

/** A worker has loaded its types anew, and goes on in the same session with what it runs. */
export async function reloadedTypes(
  context: Context,
  principal: Principal,
  session: string,
  { types }: ReloadedTypes,
  saveTypes: SaveTypes,
): Promise<void> {
  await context.database.transaction(async (tx) => {
    await requireSession(tx, principal, session);
    await saveTypes(tx, types);
    const names = namesOf(types);
    tx.send("UPDATE worker SET types = $2 WHERE session = $1", [session, JSON.stringify(names)]);
    rememberTypes(tx, session, names);
    // Its claim may have passed by entries of these types.
    tx.afterCommit(() => context.signals.publish({ sessions: [session] }));
  });
}

function namesOf(types: readonly unknown[]): string[] {
  return types.map((type) => (type as { name?: string } | null)?.name ?? "");
}

export async function stopWorker(
  context: Context,
  principal: Principal,
  session: string,
  { idle = false }: StopRequest = {},
): Promise<void> {
  await transition(context, async (tx, changes) => {
    const worker = await requireSession(tx, principal, session, "wait");
    if (idle) await requeueUnstarted(tx, session, changes);
    await endSession(context, tx, session, "stopped", `its worker ${worker.name} stopped`, changes);
  });
}

/** What a claim gave it whose answer never arrived: nothing of it has begun, so it is queued again whatever it is. */
async function requeueUnstarted(tx: Transaction, session: string, changes: Changes): Promise<void> {
  const held = await tx.query<{ id: number }>(
    `SELECT id FROM entry WHERE worker_session = $1 AND status IN ('running', 'canceling')
       AND ${tx.dialect.unindexed("status")} = 'running' ORDER BY id`,
    [session],
  );
  const locked = await lockEntries(
    tx,
    held.map((row) => row.id),
  );
  const unstarted = [...locked.values()].filter(
    (entry) => entry.status === "running" && entry.worker_session === session,
  );
  await requeue(tx, unstarted, { reason: "its worker stopped before it started", countTry: false }, changes);
}

function checkedBand({ name, band = WHOLE_BAND }: RegisterRequest): PriorityBand {
  if (band.min <= band.max) return band;
  throw new WilcoError({
    code: "invalid_request",
    message: `The band of the worker ${name} begins at priority ${band.min} and ends at ${band.max}`,
    hint: "The lower number is the more urgent one, and stands first.",
  });
}

function nameTaken(holder: WorkerRow, now: number): WilcoError {
  const seen = Math.round((now - holder.seen_at) / 1000);
  return new WilcoError({
    code: "worker_name_taken",
    message: `The worker name ${holder.name} is taken by process ${holder.pid} on ${holder.host}, seen ${seen}s ago`,
    hint: "Stop that worker, wait until it is silent for a lease, or choose another --name.",
  });
}
