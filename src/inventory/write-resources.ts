/** Writes a plan's resources: a few statements, whatever their number. */
import type { Transaction } from "../database/database.ts";
import { dropQueuedLooks, scheduleLooks } from "./look-schedule.ts";
import type { PlannedResource } from "./plan-resources.ts";

/** To be called under `lockInventory`. */
export async function writeResources(tx: Transaction, planned: readonly PlannedResource[]): Promise<void> {
  const added = planned.filter(({ action }) => action === "add");
  const changed = planned.filter(({ action }) => action === "change");
  const rows = (alias: string) =>
    tx.dialect.rows(
      alias,
      {
        id: "int",
        name: "text",
        type: "text",
        zone: "text",
        worker: "text",
        labels: "text",
        description: "text",
        connection: "text",
        check_every: "int",
        metrics_every: "int",
        take_found: "text",
      },
      "$1",
    );
  const labels = tx.dialect.labelInput("v.labels");
  if (added.length > 0) {
    await tx.query(
      `INSERT INTO resource (name, type, zone, worker, labels, description, connection, check_every, metrics_every,
         take_found, availability, version, created_at, updated_at)
       SELECT v.name, v.type, v.zone, v.worker, ${labels}, v.description, v.connection, v.check_every, v.metrics_every,
         v.take_found, 'unknown', 1, $2, $2 FROM ${rows("v")}`,
      [JSON.stringify(added.map(rowOf)), tx.now()],
    );
    const disabled = added.filter(({ draft }) => draft.enabled === false);
    if (disabled.length > 0) {
      // By itself, because only a change is kept among what was seen of it.
      await tx.query(
        `UPDATE resource SET availability = 'disabled', availability_changed = $2 WHERE ${tx.dialect.inTexts("name", "$1")}`,
        [JSON.stringify(disabled.map(({ draft }) => draft.name)), tx.now()],
      );
    }
  }
  if (changed.length > 0) {
    await tx.query(
      `UPDATE resource SET type = v.type, zone = v.zone, worker = v.worker, labels = ${labels},
         description = v.description, connection = v.connection, version = resource.version + 1, updated_at = $2,
         check_every = v.check_every, metrics_every = v.metrics_every,
         take_found = v.take_found
       FROM ${rows("v")} WHERE resource.id = v.id`,
      [JSON.stringify(changed.map(rowOf)), tx.now()],
    );
  }
  await writeAvailabilities(tx, changed);
  const retyped = changed.filter(({ keys }) => keys.includes("type"));
  if (retyped.length > 0) {
    await dropQueuedLooks(
      tx,
      retyped.map(({ existing }) => existing!.id),
    );
  }
  const ruled = changed.filter(({ keys }) => keys.includes("discovery"));
  if (ruled.length > 0) {
    // What the old rule left is looked at again.
    await tx.query(
      `UPDATE finding SET problem = NULL WHERE ${tx.dialect.inIds("found_under", "$1")} AND status = 'new'`,
      [JSON.stringify(ruled.map(({ existing }) => existing!.id))],
    );
  }
  // After the inserts: a parent may be among them.
  const moved = [
    ...added.filter(({ draft }) => draft.parent !== null),
    ...changed.filter(({ keys }) => keys.includes("parent")),
  ];
  if (moved.length > 0) {
    await tx.query(
      `UPDATE resource SET parent = (SELECT p.id FROM resource p WHERE p.name = v.parent)
       FROM ${tx.dialect.rows("v", { name: "text", parent: "text" }, "$1")} WHERE resource.name = v.name`,
      [JSON.stringify(moved.map(({ draft }) => ({ name: draft.name, parent: draft.parent })))],
    );
  }
  const looked = [...added, ...changed.filter(({ keys }) => keys.some((key) => LOOK_KEYS.includes(key)))];
  if (looked.length > 0) {
    await scheduleLooks(
      tx,
      "name",
      looked.map(({ draft }) => draft.name),
    );
  }
}

/** What the times of the next looks depend on. */
const LOOK_KEYS = ["type", "checkEvery", "metricsEvery", "enabled"];

/** Disabling, enabling, and forgetting what was seen of another connection or type. */
async function writeAvailabilities(tx: Transaction, changed: readonly PlannedResource[]): Promise<void> {
  const rows = changed.flatMap(({ existing, keys, draft }) => {
    const switched = keys.includes("enabled");
    const stale = keys.includes("connection") || keys.includes("type");
    if (!switched && (!stale || existing!.availability === "disabled")) return [];
    return [{ id: existing!.id, availability: switched && draft.enabled === false ? "disabled" : "unknown" }];
  });
  if (rows.length === 0) return;
  await tx.query(
    `UPDATE resource SET availability = v.availability, availability_at = NULL, availability_reason = NULL,
       availability_entry = NULL,
       availability_changed = $2,
       check_due = CASE WHEN v.availability = 'disabled' THEN NULL WHEN check_due > $2 THEN $2 ELSE check_due END,
       metrics_due = CASE WHEN v.availability = 'disabled' THEN NULL ELSE metrics_due END
     FROM ${tx.dialect.rows("v", { id: "int", availability: "text" }, "$1")} WHERE resource.id = v.id`,
    [JSON.stringify(rows), tx.now()],
  );
}

function rowOf({ draft, existing, worker, connection }: PlannedResource) {
  return {
    id: existing?.id ?? null,
    name: draft.name,
    type: draft.type,
    zone: draft.zone,
    worker,
    labels: JSON.stringify(draft.labels),
    description: draft.description,
    connection,
    check_every: draft.checkEvery,
    metrics_every: draft.metricsEvery,
    take_found: draft.takeFound === undefined ? (existing?.take_found ?? null) : draft.takeFound,
  };
}

/**
 * One change of the inventory at a time: two at once could make a cycle of parents that neither sees. Taken first, but
 * for the end of a createChild, which holds its entry and perhaps its parent then: should it meet a change of those, the
 * database ends one of the two, which is repeated.
 */
export async function lockInventory(tx: Transaction): Promise<void> {
  await tx.query(
    "INSERT INTO setting (name, value) VALUES ('inventory.lock', '') ON CONFLICT (name) DO UPDATE SET value = ''",
  );
}
