/** Results of checks become the resource's availability: the newest observation counts, by when it began. */
import { isJsonObject } from "../../core/json.ts";
import type { Transaction } from "../../database/database.ts";
import type { End } from "../end.ts";

export function recordAvailability(tx: Transaction, ends: readonly End[]): void {
  const observed = ends.flatMap(({ id, status, result }) => {
    const availability = status === "succeeded" && isJsonObject(result) ? result["availability"] : undefined;
    return availability === "up" || availability === "down" ? [{ id, availability }] : [];
  });
  if (observed.length === 0) return;
  tx.send(
    `UPDATE resource SET availability = v.availability, availability_at = e.started_at
     FROM ${tx.dialect.rows("v", { id: "int", availability: "text" }, "$1")} JOIN entry e ON ${tx.dialect.matches("e.id", "v", "id", "$1")}
     WHERE resource.id = e.resource AND resource.availability <> 'disabled'
       AND (resource.availability_at IS NULL OR resource.availability_at <= e.started_at)`,
    [JSON.stringify(observed)],
  );
}
