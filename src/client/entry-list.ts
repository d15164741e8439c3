/** What `history.find(…)` answers: a real array of entries that can be drawn. */
import type { Entry } from "../domain/entry.ts";
import { chartOfEntries, type Chart, type ChartSubject } from "./chart.ts";

export type EntryList = Entry[] & {
  /**
   * A chart of these entries, which draws itself where it is printed.
   * @param subject how many of each "status" (default), "operation" or "resource"; how many over "time" (by their
   * creation, in UTC); how many seconds each "took", from the oldest to the newest.
   * @throws WilcoError `invalid_request` for another subject.
   */
  chart(subject?: ChartSubject): Chart;
};

export function entryList(entries: Entry[]): EntryList {
  // Not enumerable: spread, for…in, printing and JSON see the array only.
  Object.defineProperty(entries, "chart", { value: (subject?: ChartSubject) => chartOfEntries(entries, subject) });
  return entries as EntryList;
}
