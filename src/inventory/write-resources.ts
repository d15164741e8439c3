/** Writes a plan's resources: three statements, whatever their number. */
import type { Transaction } from "../database/database.ts";
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
        stale: "int",
      },
      "$1",
    );
  const labels = tx.dialect.labelInput("v.labels");
  if (added.length > 0) {
    await tx.query(
      `INSERT INTO resource (name, type, zone, worker, labels, description, connection, availability, version, created_at, updated_at)
       SELECT v.name, v.type, v.zone, v.worker, ${labels}, v.description, v.connection, 'unknown', 1, $2, $2 FROM ${rows("v")}`,
      [JSON.stringify(added.map(rowOf)), tx.now()],
    );
  }
  if (changed.length > 0) {
    await tx.query(
      `UPDATE resource SET type = v.type, zone = v.zone, worker = v.worker, labels = ${labels},
         description = v.description, connection = v.connection, version = resource.version + 1, updated_at = $2,
         availability = CASE WHEN v.stale = 1 THEN 'unknown' ELSE availability END,
         availability_at = CASE WHEN v.stale = 1 THEN NULL ELSE availability_at END
       FROM ${rows("v")} WHERE resource.id = v.id`,
      [JSON.stringify(changed.map(rowOf)), tx.now()],
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
}

function rowOf({ draft, existing, keys, worker, connection }: PlannedResource) {
  return {
    id: existing?.id ?? null,
    name: draft.name,
    type: draft.type,
    zone: draft.zone,
    worker,
    labels: JSON.stringify(draft.labels),
    description: draft.description,
    connection,
    // What was observed of another connection or type says nothing about this one.
    stale: keys.includes("connection") || keys.includes("type") ? 1 : 0,
  };
}

/**
 * One change of the inventory at a time: two at once could make a cycle of parents that neither sees. Taken first, and
 * never by what files or runs entries, so it waits for nobody who waits for it.
 */
export async function lockInventory(tx: Transaction): Promise<void> {
  await tx.query(
    "INSERT INTO setting (name, value) VALUES ('inventory.lock', '') ON CONFLICT (name) DO UPDATE SET value = ''",
  );
}
