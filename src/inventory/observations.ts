/** What was seen of a resource over time: changes of its availability, and samples of its metrics. */
import { WilcoError } from "../core/errors.ts";
import { parseDuration } from "../core/durations.ts";
import { suggestion } from "../core/suggest.ts";
import type { Sql } from "../database/database.ts";
import type { AvailabilityHistory } from "../domain/availability.ts";
import type { MetricHistory, MetricSeries } from "../domain/metrics.ts";
import { AVAILABILITIES, type Availability } from "../domain/resource.ts";
import type { MetricDescriptor } from "../domain/resource-type.ts";
import type { AvailabilityQuery, MetricsQuery } from "../protocol/messages.ts";
import { findResourceRow, unknownResource } from "./resources.ts";
import type { ResourceRow } from "./resource-rows.ts";
import type { Types } from "./types.ts";

export interface Observations {
  /** @throws WilcoError `unknown_resource`, `invalid_request` (times). */
  availability(sql: Sql, ref: string, query: AvailabilityQuery, now: number): Promise<AvailabilityHistory>;
  /** @throws WilcoError `unknown_resource`, `invalid_request` (times; a metric that neither its type nor its samples have). */
  metrics(sql: Sql, ref: string, query: MetricsQuery, now: number): Promise<MetricHistory>;
}

const CHANGES = 200;
const POINTS = 240;
/** Samples that are read for one answer, the newest: at one a second, which is the most that is kept, more than a day. */
const MAX_SAMPLES = 100_000;
const DEFAULT_SINCE = { availability: "7d", metrics: "1h" } as const;

export function createObservations({ types }: { types: Types }): Observations {
  return {
    async availability(sql, ref, query, now) {
      const row = await resourceRow(sql, ref);
      const { since, until } = rangeOf(query, DEFAULT_SINCE.availability, now, row.created_at);
      const limit = query.limit ?? CHANGES;
      const changes = await sql.query<ChangeRow>(
        `SELECT at, availability, reason, entry FROM availability_change
         WHERE resource = $1 AND at >= $2 AND at <= $3 ORDER BY id DESC LIMIT $4`,
        [row.id, since, until, limit + 1],
      );
      const times = await timesIn(sql, row.id, since, until);
      const known = times.up + times.down;
      return {
        resource: row.name,
        availability: row.availability,
        since: iso(since),
        until: iso(until),
        changes: changes.slice(0, limit).map((change) => ({ ...change, at: iso(change.at) })),
        truncated: changes.length > limit,
        times,
        upShare: known === 0 ? null : times.up / known,
      };
    },
    async metrics(sql, ref, query, now) {
      const row = await resourceRow(sql, ref);
      const range = rangeOf(query, DEFAULT_SINCE.metrics, now, row.created_at);
      // A sample has the time at which its second began: that may be before its resource was there.
      const since = range.since - (range.since % 1_000);
      const { until } = range;
      const samples = await sql.query<SampleRow>(
        `SELECT at, numbers FROM metric_sample WHERE resource = $1 AND at >= $2 AND at <= $3 ORDER BY at DESC LIMIT ${MAX_SAMPLES}`,
        [row.id, since, until],
      );
      const described = (await types.find(sql, [row.type])).get(row.type)?.metrics ?? {};
      const step = Math.max(1, Math.ceil((until - since) / (query.points ?? POINTS)));
      const series = seriesOf(samples.toReversed(), since, step, described, query.name);
      if (query.name !== undefined && series.length === 0) {
        const last = await sql.query<SampleRow>(
          "SELECT at, numbers FROM metric_sample WHERE resource = $1 ORDER BY at DESC LIMIT 1",
          [row.id],
        );
        refuseUnknownMetric(row.name, query.name, described, [...samples, ...last]);
      }
      return { resource: row.name, since: iso(since), until: iso(until), series };
    },
  };
}

interface ChangeRow {
  at: number;
  availability: Availability;
  reason: string | null;
  entry: number | null;
}

interface SampleRow {
  at: number;
  numbers: string;
}

async function resourceRow(sql: Sql, ref: string): Promise<ResourceRow> {
  const row = await findResourceRow(sql, ref);
  if (!row) throw await unknownResource(sql, ref);
  return row;
}

/** Of one that no change was ever seen of (it is older than what keeps them): as it is. */
const UNCHANGED = `(SELECT r.availability FROM resource r WHERE r.id = $1
  AND NOT EXISTS (SELECT 1 FROM availability_change c WHERE c.resource = r.id))`;

/** A name that was never heard of is a typing error, not an empty series; one that is known has none in this time. */
function refuseUnknownMetric(
  resource: string,
  metric: string,
  described: Record<string, MetricDescriptor>,
  samples: readonly SampleRow[],
): void {
  const known = new Set([
    ...Object.keys(described),
    ...samples.flatMap(({ numbers }) => Object.keys(JSON.parse(numbers) as object)),
  ]);
  // Where nothing is known yet, the name may be right.
  if (known.size === 0 || known.has(metric)) return;
  throw new WilcoError({
    code: "invalid_request",
    message: `${resource} has no metric ${JSON.stringify(metric)}`,
    hint: suggestion(metric, [...known].toSorted(), "Its metrics"),
  });
}

/** ms in each availability: from one change to the next, whatever their number. */
async function timesIn(
  sql: Sql,
  resource: number,
  since: number,
  until: number,
): Promise<Record<Availability, number>> {
  const rows = await sql.query<{ availability: Availability; ms: number }>(
    `WITH seen AS (
       SELECT at, id, availability FROM availability_change WHERE resource = $1 AND at > $2 AND at <= $3
       UNION ALL
       SELECT $2, 0, coalesce((SELECT availability FROM availability_change WHERE resource = $1 AND at <= $2
         ORDER BY id DESC LIMIT 1), ${UNCHANGED}, 'unknown')
     ), spans AS (SELECT availability, at, lead(at, 1, $3) OVER (ORDER BY at, id) AS ended FROM seen)
     SELECT availability, sum(ended - at) AS ms FROM spans GROUP BY availability`,
    [resource, since, until],
  );
  const times = Object.fromEntries(AVAILABILITIES.map((one) => [one, 0])) as Record<Availability, number>;
  for (const { availability, ms } of rows) times[availability] = ms;
  return times;
}

/** By name; samples of one step are put together. */
function seriesOf(
  samples: readonly SampleRow[],
  since: number,
  step: number,
  described: Record<string, MetricDescriptor>,
  only: string | undefined,
): MetricSeries[] {
  interface Gathered {
    values: number[];
    steps: Map<number, { at: number; values: number[] }>;
  }
  const found = new Map<string, Gathered>();
  for (const { at, numbers } of samples) {
    for (const [name, value] of Object.entries(JSON.parse(numbers) as Record<string, number>)) {
      if (only !== undefined && name !== only) continue;
      const series: Gathered = found.get(name) ?? { values: [], steps: new Map() };
      found.set(name, series);
      series.values.push(value);
      const place = Math.floor((at - since) / step);
      const before = series.steps.get(place);
      if (before) before.values.push(value);
      else series.steps.set(place, { at, values: [value] });
    }
  }
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { values, steps }]) => ({
      name,
      unit: described[name]?.unit ?? null,
      description: described[name]?.description ?? null,
      points: [...steps.values()].map((one) => ({ at: iso(one.at), value: mean(one.values) })),
      count: values.length,
      min: values.reduce((a, b) => Math.min(a, b), Infinity),
      mean: mean(values),
      max: values.reduce((a, b) => Math.max(a, b), -Infinity),
      last: values.at(-1)!,
    }));
}

/** `since` not before the resource was there; `until` not after now. */
function rangeOf(
  query: { since?: string; until?: string },
  ago: string,
  now: number,
  created: number,
): { since: number; until: number } {
  const asked = {
    since: timeOf(query.since ?? ago, "since", now),
    until: query.until === undefined ? now : timeOf(query.until, "until", now),
  };
  if (query.since !== undefined && query.until !== undefined && asked.since > asked.until) {
    throw new WilcoError({
      code: "invalid_request",
      message: `The time that is asked for ends (until ${iso(asked.until)}) before it begins (since ${iso(asked.since)})`,
      hint: "Exchange since and until.",
    });
  }
  const until = Math.min(now, asked.until);
  const since = Math.max(created, asked.since);
  // Asked for a time before the resource was there: nothing was, for no time.
  return { since: Math.min(since, until), until };
}

/** A time, or how long ago: "1h". */
function timeOf(text: string, what: string, now: number): number {
  if (/^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)\b/.test(text)) return now - parseDuration(text, what);
  const time = /\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new WilcoError({
    code: "invalid_request",
    message: `${what} is ${JSON.stringify(text)}, which is neither a time nor how long ago`,
    hint: 'Write "1h" for an hour ago, or ISO 8601 with an offset: "2026-03-01T12:00:00Z".',
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
