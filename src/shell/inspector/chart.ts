/** Charts in a terminal: as wide as it is, statuses in their colours, wide labels right. */
import { drawChart, type ChartPoint, type ChartStyle } from "../../client/chart.ts";
import { isStatus, paintStatus, type Paint } from "./paint.ts";
import { cut, oneLine, widthOf } from "./text.ts";

export interface ChartData {
  style: ChartStyle;
  points: readonly ChartPoint[];
}

/** Without a line break at its end. @param width columns of the terminal; Infinity = 120. */
export function renderChart({ style, points }: ChartData, width: number, paint: Paint): string {
  return drawChart(
    { style, points: points.map(({ label, value }) => ({ label: oneLine(label), value })) },
    {
      width,
      widthOf,
      cut,
      paint: (text, point) =>
        point !== undefined && isStatus(point.label) ? paintStatus(paint, point.label, text) : paint("cyan", text),
    },
  );
}
