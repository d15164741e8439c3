/** The metrics themselves. Names and labels are documented in docs/operations.md; a test compares them. */
import client from "prom-client";
import type { Move } from "../queue/moves.ts";
import { routesServedBy } from "../domain/route.ts";
import { TERMINAL_STATUSES } from "../domain/status.ts";
import { WORKER_STATES } from "../domain/worker.ts";
import type { Gauges } from "./metrics.ts";

export interface Recorder {
  count(move: Move): void;
  text(gauges: Gauges): Promise<{ contentType: string; text: string }>;
}

/** The label of all routes to single workers. */
const ANY_WORKER = "worker/*";
/** From a claim at once to a day's wait. */
const WAITING_BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 43_200];
const RUNNING_BUCKETS = [0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 1_800, 7_200, 43_200];

export function createRecorder(): Recorder {
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new client.Counter({ name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new client.Gauge({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new client.Histogram({ name, help, labelNames: ["route"], buckets, registers });

  const filed = counter("wilco_entries_filed_total", "Entries filed by this server", ["route"]);
  const claimed = counter("wilco_entries_claimed_total", "Entries handed to workers by this server", ["route"]);
  const requeued = counter("wilco_entries_requeued_total", "Entries taken back from workers", ["route"]);
  const ended = counter("wilco_entries_ended_total", "Entries ended by this server", ["route", "status"]);
  const waiting = histogram("wilco_entry_waiting_seconds", "From becoming queued to the claim", WAITING_BUCKETS);
  const running = histogram("wilco_entry_running_seconds", "From the claim to the end", RUNNING_BUCKETS);

  const queueWaiting = gauge("wilco_queue_waiting", "Queued entries (a lower bound beyond 50,000)", [
    "route",
    "priority",
  ]);
  const queueRunning = gauge("wilco_queue_running", "Running entries", ["route", "priority"]);
  const queueOldest = gauge("wilco_queue_oldest_seconds", "For how long the oldest queued entry waits", ["route"]);
  const scheduled = gauge("wilco_queue_scheduled", "Entries that are not due");
  const blocked = gauge("wilco_queue_blocked", "Entries that wait for another one");
  const paused = gauge("wilco_route_paused", "1 for each paused route", ["route"]);
  const workers = gauge("wilco_workers", "Workers by state", ["state"]);
  const slots = gauge("wilco_worker_slots", "Slots of live workers", ["zone"]);
  const used = gauge("wilco_worker_slots_used", "Slots in use of live workers", ["zone"]);
  const held = gauge("wilco_held_requests", "Requests that this server holds open", ["kind"]);
  const roundTrip = gauge("wilco_database_round_trip_seconds", "Round trip to the database, at the scrape");

  const begun = new Set<string>();
  /** From 0 on, before anything happens: of a counter that appears with a 1, Prometheus sees no increase. */
  function begin(route: string): void {
    if (begun.has(route)) return;
    begun.add(route);
    for (const one of [filed, claimed, requeued]) one.inc({ route }, 0);
    for (const status of TERMINAL_STATUSES) ended.inc({ route, status }, 0);
  }

  function look({ stats, workers: all, held: open, roundTrip: ms }: Gauges): void {
    for (const one of [queueWaiting, queueRunning, queueOldest, paused, workers, slots, used]) one.reset();
    begin(ANY_WORKER);
    for (const group of stats.groups) {
      begin(labelOf(group.route));
      const labels = { route: group.route, priority: String(group.priority) };
      queueWaiting.set(labels, group.waiting);
      queueRunning.set(labels, group.running);
    }
    for (const [route, waited] of oldestOf(stats.groups)) queueOldest.set({ route }, waited / 1_000);
    scheduled.set(stats.scheduled.count);
    blocked.set(stats.blocked.count);
    for (const route of stats.paused) paused.set({ route }, 1);
    // Also those that nobody is in: an alert on too few of something that is not there would never fire.
    for (const state of [...WORKER_STATES, "silent"]) workers.set({ state }, 0);
    for (const worker of all) {
      workers.inc({ state: worker.silent ? "silent" : worker.state });
      if (worker.silent || (worker.state !== "ready" && worker.state !== "draining")) continue;
      for (const route of routesServedBy(worker)) begin(labelOf(route));
      slots.inc({ zone: worker.zone }, worker.capacity);
      used.inc({ zone: worker.zone }, worker.running);
    }
    held.set({ kind: "claim" }, open.claims);
    held.set({ kind: "poll" }, open.polls);
    roundTrip.set(ms / 1_000);
  }

  return {
    count(move) {
      const route = labelOf(move.route);
      if (move.what === "put") filed.inc({ route });
      else if (move.what === "claimed") {
        claimed.inc({ route });
        if (move.waited !== null) waiting.observe({ route }, move.waited / 1_000);
      } else if (move.what === "requeued") requeued.inc({ route });
      else if (move.what === "ended") {
        ended.inc({ route, status: move.status });
        if (move.ran !== null) running.observe({ route }, move.ran / 1_000);
      }
    },
    async text(gauges) {
      look(gauges);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function oldestOf(groups: Gauges["stats"]["groups"]): Map<string, number> {
  const oldest = new Map<string, number>();
  for (const { route, waited } of groups)
    if (waited !== null) oldest.set(route, Math.max(waited, oldest.get(route) ?? 0));
  return oldest;
}

/** Routes to single workers are one: a label for each of a thousand workers would be a thousand histograms. */
function labelOf(route: string): string {
  return route.startsWith("worker/") ? ANY_WORKER : route;
}
