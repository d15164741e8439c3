/** A database of its own with an inventory on it, for one test. */
import { openDatabase, type Database, type DatabaseOptions } from "../../src/database/database.ts";
import { createSchemaValidator } from "../../src/domain/schema.ts";
import { createInventory, type Inventory } from "../../src/inventory/inventory.ts";
import { createSealer, type Sealer } from "../../src/inventory/sealer.ts";
import { parseResourceType } from "../../src/resource-types/parse-type.ts";
import { describeOperation, describeType } from "../../src/resource-types/descriptor.ts";
import type { InventoryDocument } from "../../src/protocol/messages.ts";
import type { DatabasePlace, EngineWorld } from "../support/engines.ts";

export const optionsOf = (place: DatabasePlace): DatabaseOptions =>
  place.engine === "sqlite" ? { dataDir: place.dataDir } : { url: place.url, poolSize: 4 };

export async function openTestDatabase(world: EngineWorld): Promise<Database> {
  const place = await world.createDatabase({
    migrate: async (template) => (await openDatabase(optionsOf(template))).close(),
  });
  const database = await openDatabase(optionsOf(place));
  world.onCleanup(() => database.close());
  return database;
}

export interface InventoryWorld {
  database: Database;
  inventory: Inventory;
  sealer: Sealer;
}

export function inventoryOn(database: Database, sealer = createSealer(new Uint8Array(32).fill(7))): Inventory {
  const schemas = createSchemaValidator();
  const parseType = (name: string, document: unknown) => parseResourceType(name, document, { schemas });
  return createInventory({ database, schemas, sealer, parseType });
}

/** With the document applied, when there is one. `service` (any worker) and `daemon` (one worker) are known types. */
export async function openInventory(world: EngineWorld, document?: InventoryDocument): Promise<InventoryWorld> {
  const database = await openTestDatabase(world);
  const sealer = createSealer(new Uint8Array(32).fill(7));
  const inventory = inventoryOn(database, sealer);
  await inventory.registerBuiltinTypes([SERVICE, DAEMON]);
  if (document) await inventory.apply(document);
  return { database, inventory, sealer };
}

export const SERVICE = describeType(
  "service",
  {
    builtin: true,
    connection: {
      type: "object",
      properties: {
        url: { type: "string" },
        port: { type: "integer", default: 80 },
        token: { type: "string", secret: true },
        users: {
          type: "array",
          items: {
            type: "object",
            properties: { name: { type: "string" }, password: { type: "string", secret: true } },
          },
        },
      },
      additionalProperties: false,
    },
  },
  [describeOperation("check", { exclusive: false })],
);

export const DAEMON = describeType("daemon", { builtin: true, runsOn: "bound" }, [describeOperation("start", {})]);

/** A worker as registration writes it. */
export async function addWorker(
  database: Database,
  name: string,
  options: { zone?: string; state?: string } = {},
): Promise<void> {
  await database.query(
    `INSERT INTO worker (session, name, zone, roles, state, capacity, host, pid, version, succession_hash, token, types, started_at, seen_at)
     VALUES ($1, $2, $3, '["automate"]', $4, 1, 'h', 1, '0', 'x', 'worker', '[]', 1, 1)`,
    [`session-${name}`, name, options.zone ?? "default", options.state ?? "ready"],
  );
}

/** An unfinished entry of a resource, as submit writes it. */
export async function addEntry(database: Database, resource: number): Promise<void> {
  await database.query(
    `INSERT INTO entry (kind, status, resource, operation, parameters, requested_by, key, request_hash, zone, role, route,
       priority, weight, on_lost, max_attempts, timeout, expires_in, created_at, expires_at)
     VALUES ('operation', 'queued', $1, 'check', '{}', 'me', 'k', 'h', 'default', 'automate', 'default/automate',
       100, 1, 'lose', 1, 1000, 1000, 1, 2)`,
    [resource],
  );
}
