/** Entries that have begun: where, since when, and what is odd about it. */
import { formatDuration } from "../../core/durations.ts";
import type { WorkerTable } from "../../database/tables.ts";
import type { Why } from "../../domain/why.ts";
import { describeWorker, iso, since, why, type Look, type LookedAt } from "./look.ts";

export async function whyRunning(look: Look, entry: LookedAt): Promise<Why> {
  if (entry.worker_session === null) return whyTasks(look, entry);
  const [worker] = await look.sql.query<WorkerTable>("SELECT * FROM worker WHERE session = $1", [entry.worker_session]);
  const where = worker ? describeWorker(worker) : (entry.worker_name ?? "a worker");
  const details = {
    worker: entry.worker_name,
    startedAt: iso(entry.started_at!),
    attempt: entry.attempt,
    workerSeenAt: entry.seen_at === null ? null : iso(entry.seen_at),
    timeoutIn: Math.max(0, (entry.deadline ?? look.now) - look.now),
  };
  const runs = `on ${where} for ${since(look, entry.started_at)}${entry.attempt > 1 ? `, attempt ${entry.attempt}` : ""}`;
  if (entry.status === "canceling") {
    const heard = (entry.lease_expires ?? 0) > look.now ? "" : `, which is silent for ${since(look, entry.seen_at)}`;
    return why(entry, "canceling", `${entry.cancel_by ?? "Somebody"} asked to cancel it; it runs ${runs}${heard}`, {
      hint: "It ends when its worker has stopped the work; by force it ends at once, and the work may go on.",
      commands: [`wilco entry cancel ${entry.id} --force`],
      details,
    });
  }
  // The mark is set by the maintenance, once a tick; the lease tells at once.
  if (entry.silent === 1 || (entry.lease_expires ?? Infinity) <= look.now) {
    const heldUntil = (entry.seen_at ?? look.now) + look.settings.lostAfter;
    const repeated = entry.on_lost === "requeue" && entry.tries < entry.max_attempts;
    const next = repeated
      ? "it is queued again"
      : `it ends as lost in ${formatDuration(Math.max(0, heldUntil - look.now))}, and holds its resource until then`;
    return why(entry, "running_silent", `Its worker is silent for ${since(look, entry.seen_at)}: it began ${runs}`, {
      hint: `Look at that worker and its machine. Unless it comes back, ${next}.`,
      commands: ["wilco workers list", `wilco entry cancel ${entry.id} --force`],
      details: { ...details, lostIn: repeated ? null : Math.max(0, heldUntil - look.now) },
    });
  }
  if (entry.deadline !== null && entry.deadline <= look.now) {
    return why(entry, "running_overdue", `Its time has been up for ${since(look, entry.deadline)}: it runs ${runs}`, {
      hint: "Its worker is ending it; after a grace the server does.",
      commands: [`wilco entry tail ${entry.id}`],
      details,
    });
  }
  const left = entry.deadline === null ? "" : `; its timeout ends it in ${since({ now: entry.deadline }, look.now)}`;
  return why(entry, "running", `It runs ${runs}${left}`, { commands: [`wilco entry tail ${entry.id}`], details });
}

/** Requests have no worker of their own: what they wait for are their tasks. */
async function whyTasks(look: Look, entry: LookedAt): Promise<Why> {
  const tasks = await look.sql.query<{ status: string; n: number; first: number }>(
    "SELECT status, count(*) AS n, min(id) AS first FROM entry WHERE parent = $1 GROUP BY status",
    [entry.id],
  );
  const open = ["running", "canceling", "queued", "blocked", "scheduled"].flatMap((status) =>
    tasks.filter((task) => task.status === status),
  );
  const counts = open.map((task) => `${task.n} ${task.status}`).join(", ");
  const [first] = open;
  return why(
    entry,
    "running_tasks",
    first ? `It waits for its tasks: ${counts}` : "Its tasks have ended, and so will it",
    {
      hint: null,
      commands: first ? [`wilco entry why ${first.first}`] : [],
      details: { tasks: Object.fromEntries(tasks.map((task) => [task.status, task.n])) },
      because: first ? await look.explain(first.first) : null,
    },
  );
}
