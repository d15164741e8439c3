/** Numbers that the operation `metrics` answered with become a sample of the resource's series. */
import { isJsonObject } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import type { End } from "../ends.ts";
import type { Locked } from "../locked.ts";

const METRICS = "metrics";
const MAX_NAMES = 200;
/** ms. One sample a second and resource is kept, so that a loop of calls can't fill the disk. */
const SLOT = 1_000;

export function recordMetrics(tx: Transaction, locked: Locked, ends: readonly End[]): void {
  const samples = ends.flatMap((end) => {
    const entry = locked.get(end.id);
    if (end.status !== "succeeded" || entry?.operation !== METRICS || entry.resource === null) return [];
    const numbers = numbersOf(end.result ?? null);
    if (numbers === null) return [];
    const at = entry.started_at ?? tx.now();
    return [{ resource: entry.resource, at: at - (at % SLOT), numbers: JSON.stringify(numbers) }];
  });
  if (samples.length === 0) return;
  // A resource that is being deleted has no entries that end, and one that was deleted is null above.
  tx.send(
    `INSERT INTO metric_sample (resource, at, numbers)
     SELECT resource, at, numbers FROM ${tx.dialect.rows("v", { resource: "int", at: "int", numbers: "text" }, "$1")}
     WHERE true ON CONFLICT (resource, at) DO NOTHING`,
    [JSON.stringify(samples)],
  );
}

/** Whatever else the result holds is for whoever called it. */
function numbersOf(result: unknown): Record<string, number> | null {
  if (!isJsonObject(result)) return null;
  const numbers = Object.entries(result).filter(
    (pair): pair is [string, number] => typeof pair[1] === "number" && !pair[0].includes("\u0000"),
  );
  return numbers.length === 0 ? null : Object.fromEntries(numbers.slice(0, MAX_NAMES));
}
