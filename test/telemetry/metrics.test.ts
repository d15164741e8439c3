import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { cliWorld } from "../cli/world.ts";
import { readPage, rowsOf, codesOf, sectionOf } from "../docs/markdown.ts";

const move = {
  entry: 1,
  root: 1,
  priority: 100,
  attempt: 1,
  at: 1_000,
  subject: "a work",
  trace: null,
  worker: "w1",
};

describe("the metrics", () => {
  it("count what happened before and after the library was loaded, workers' own routes as one", async () => {
    const metrics = createMetrics({ look: async () => emptyGauges() });
    onTestFinished(() => metrics.stop());
    metrics.count({ ...move, what: "put", status: "queued", route: "worker/w1", waited: null, ran: null });
    await metrics.text();
    metrics.count({ ...move, what: "claimed", status: "running", route: "worker/w2", waited: 20, ran: null });
    metrics.count({ ...move, what: "ended", status: "succeeded", route: "eu/automate", waited: 20, ran: 700 });
    const { text, contentType } = await metrics.text();
    expect(contentType).toContain("text/plain");
    expect(text).toContain('wilco_entries_filed_total{route="worker/*"} 1');
    expect(text).toContain('wilco_entries_claimed_total{route="worker/*"} 1');
    expect(text).toContain('wilco_entries_ended_total{route="eu/automate",status="succeeded"} 1');
    expect(text).toContain('wilco_entry_waiting_seconds_bucket{le="0.025",route="worker/*"} 1');
    expect(text).toContain('wilco_entry_running_seconds_bucket{le="1",route="eu/automate"} 1');
    expect(text).toContain('wilco_queue_waiting{route="eu/automate",priority="100"} 3');
    expect(text).toContain("nodejs_eventloop_lag_seconds");
  });

  it("begin at 0, so that the first of something is an increase, and none of it is a number", async () => {
    const metrics = createMetrics({ look: async () => emptyGauges() });
    onTestFinished(() => metrics.stop());
    const { text } = await metrics.text();
    expect(text).toContain('wilco_entries_ended_total{route="worker/*",status="lost"} 0');
    expect(text).toContain('wilco_entries_ended_total{route="eu/automate",status="lost"} 0');
    expect(text).toContain('wilco_workers{state="ready"} 0');
    expect(text).toContain('wilco_workers{state="silent"} 0');
  });

  it("are documented, all of them and no others", async () => {
    const metrics = createMetrics({ look: async () => emptyGauges() });
    onTestFinished(() => metrics.stop());
    const { text } = await metrics.text();
    const own = [...text.matchAll(/^# TYPE (wilco_\w+)/gm)].map(([, name]) => name!);
    const documented = rowsOf(sectionOf(readPage("docs/operations.md").text, "Metrics")).flatMap(([first = ""]) =>
      codesOf(first).map((code) => code.replace(/\{.*/, "")),
    );
    expect(documented.toSorted()).toEqual(own.toSorted());
  });

  it("are served to viewers by a real server, with what its queue holds", { timeout: 60_000 }, async () => {
    const world = await cliWorld("resources: { one: { type: host }, far: { type: host, zone: eu, worker: nobody } }");
    onTestFinished(() => world.stop());
    await world.run(["exec", "one", "run", "--", "true"]);
    await world.run(["exec", "far", "check", "--no-wait", "--no-require-worker"]);
    const metrics = `${world.url}/metrics`;
    expect((await fetch(metrics)).status).toBe(401);
    const token = readFileSync(join(world.dir, "data", "admin.token"), "utf8").trim();
    const answer = await fetch(metrics, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.headers.get("content-type")).toContain("text/plain");
    const text = await answer.text();
    expect(text).toContain('wilco_entries_ended_total{route="worker/*",status="succeeded"} 1');
    expect(text).toContain('wilco_queue_waiting{route="worker/nobody",priority="100"} 1');
    expect(text).toMatch(/wilco_workers\{state="ready"\} [12]/);
    expect(text).toMatch(/wilco_held_requests\{kind="claim"\} [12]/);
  });
});

function emptyGauges() {
  const group = {
    route: "eu/automate",
    priority: 100,
    waiting: 3,
    more: false,
    behind: 0,
    running: 1,
    oldest: 7,
    waited: 5,
  };
  return {
    stats: {
      groups: [group],
      scheduled: { count: 0, more: false },
      blocked: { count: 0, more: false },
      paused: ["eu/automate"],
      rates: { window: 60_000, filed: 0, claimed: 0, ended: 0 },
    },
    workers: [],
    held: { claims: 0, polls: 0 },
    roundTrip: 1,
  };
}
