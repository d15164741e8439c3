/** What `resource.metricsHistory()` answers: the kept series by name, each of which can be drawn. */
import type { MetricHistory, MetricSeries } from "../domain/metrics.ts";
import { Chart } from "./chart.ts";

export type DrawnSeries = MetricSeries & {
  /** A line of its values, which draws itself where it is printed. */
  chart(): Chart;
};

/** By name. */
export type MetricsByName = Readonly<Record<string, DrawnSeries>>;

export function metricsByName({ series }: MetricHistory): MetricsByName {
  return Object.freeze(Object.fromEntries(series.map((one) => [one.name, drawn(one)])));
}

function drawn(series: MetricSeries): DrawnSeries {
  const points = series.points.map(({ at, value }) => ({ label: at, value }));
  // Not enumerable: spread, printing and JSON see the data only.
  Object.defineProperty(series, "chart", { value: () => new Chart("sparkline", points) });
  return series as DrawnSeries;
}
