/** Numbers of a resource over time, as they were kept. */

export interface MetricPoint {
  /** ISO 8601: when it was read; of several that were put together, the time of the first. */
  at: string;
  /** Of several the mean. */
  value: number;
}

export interface MetricSeries {
  name: string;
  /** "%", "ms", "bytes"; null = a plain number. */
  unit: string | null;
  description: string | null;
  /** Oldest first. */
  points: MetricPoint[];
  /** How many samples there are; the next four are of all of them. */
  count: number;
  min: number;
  mean: number;
  max: number;
  last: number;
}

export interface MetricHistory {
  resource: string;
  /** ISO 8601. */
  since: string;
  until: string;
  /** By name. */
  series: MetricSeries[];
}
