/** The resource types that the server knows: built in, from inventory documents, and brought by workers. */
import { WilcoError } from "../core/errors.ts";
import { sha256 } from "../core/ids.ts";
import { canonicalJson } from "../core/json.ts";
import { suggestion } from "../core/suggest.ts";
import type { Database, Sql, Transaction } from "../database/database.ts";
import type { ResourceTypeDescriptor } from "../domain/resource-type.ts";
import type { SchemaValidator } from "../domain/schema.ts";
import { DESCRIPTOR_SCHEMA } from "./descriptor-schema.ts";
import { intervalOf, scheduleLooks } from "./look-schedule.ts";

export interface Types {
  /** All, by name. */
  list(sql: Sql): Promise<ResourceTypeDescriptor[]>;
  /** @throws WilcoError `unknown_type` with the nearest name. */
  get(sql: Sql, name: string): Promise<ResourceTypeDescriptor>;
  /** Those of `names` that there are. */
  find(sql: Sql, names: readonly string[]): Promise<Map<string, ResourceTypeDescriptor>>;
  /** Writes those whose content differs from what is stored. @returns the names written. */
  save(tx: Transaction, descriptors: readonly ResourceTypeDescriptor[]): Promise<string[]>;
  /** Keeps each type as its document has it, for exports. */
  keepSources(
    tx: Transaction,
    types: ReadonlyArray<{ descriptor: ResourceTypeDescriptor; source: unknown }>,
  ): Promise<void>;
  /**
   * Takes the types that a worker brings handlers for. Built-in types stay as this server has them.
   * @throws WilcoError `invalid_request` for a malformed descriptor; `conflict` for a name that an inventory document
   *   defined: a worker must not change what other workers run.
   * @returns the names written.
   */
  saveFromWorker(tx: Transaction, descriptors: readonly unknown[]): Promise<string[]>;
}

/** Descriptors kept parsed, by name and version. */
const MAX_CACHED = 2_000;

interface TypeRow {
  name: string;
  version: string;
  descriptor: string;
}

export function createTypes({ schemas }: { schemas: SchemaValidator }): Types {
  // Keyed by content, so another server's change is seen at once and nothing has to be invalidated.
  const parsed = new Map<string, ResourceTypeDescriptor>();

  const descriptorOf = (row: TypeRow): ResourceTypeDescriptor => {
    const key = `${row.name} ${row.version}`;
    const known = parsed.get(key);
    if (known) return known;
    const descriptor = JSON.parse(row.descriptor) as ResourceTypeDescriptor;
    if (parsed.size >= MAX_CACHED) parsed.clear();
    parsed.set(key, descriptor);
    return descriptor;
  };

  async function find(sql: Sql, names: readonly string[]): Promise<Map<string, ResourceTypeDescriptor>> {
    const parameters = [JSON.stringify(names)];
    const known = await sql.query<Omit<TypeRow, "descriptor">>(
      `SELECT name, version FROM resource_type WHERE ${sql.dialect.inTexts("name", "$1")}`,
      parameters,
    );
    const cached = known.every((row) => parsed.has(`${row.name} ${row.version}`));
    const rows = cached
      ? known.map((row) => ({ ...row, descriptor: "" }))
      : await sql.query<TypeRow>(
          `SELECT name, version, descriptor FROM resource_type WHERE ${sql.dialect.inTexts("name", "$1")}`,
          parameters,
        );
    return new Map(rows.map((row) => [row.name, descriptorOf(row)]));
  }

  async function save(
    tx: Transaction,
    descriptors: readonly ResourceTypeDescriptor[],
    byWorker = 0,
  ): Promise<string[]> {
    const written: string[] = [];
    // By name, so that two servers which start at once take the rows in the same order.
    for (const descriptor of [...descriptors].toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const rows = await tx.query(
        `INSERT INTO resource_type (name, version, descriptor, builtin, updated_at, by_worker, check_every, metrics_every)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version, descriptor = excluded.descriptor,
           builtin = excluded.builtin, updated_at = excluded.updated_at, by_worker = excluded.by_worker,
           check_every = excluded.check_every, metrics_every = excluded.metrics_every
         WHERE resource_type.version <> excluded.version OR resource_type.by_worker <> excluded.by_worker
         RETURNING name`,
        [
          descriptor.name,
          contentVersion(descriptor),
          JSON.stringify(descriptor),
          descriptor.builtin ? 1 : 0,
          tx.now(),
          byWorker,
          intervalOf(descriptor, "check"),
          intervalOf(descriptor, "metrics"),
        ],
      );
      if (rows.length > 0) written.push(descriptor.name);
    }
    if (written.length > 0) await scheduleLooks(tx, "type", written);
    return written;
  }

  return {
    find,
    save,
    async keepSources(tx, defined) {
      for (const { descriptor, source } of defined) {
        await tx.query("UPDATE resource_type SET source = $2 WHERE name = $1 AND (source IS NULL OR source <> $2)", [
          descriptor.name,
          JSON.stringify(source),
        ]);
      }
    },
    async list(sql) {
      const rows = await sql.query<TypeRow>("SELECT name, version, descriptor FROM resource_type ORDER BY name");
      return rows.map(descriptorOf);
    },
    async get(sql, name) {
      const found = (await find(sql, [name])).get(name);
      if (found) return found;
      throw unknownType(name, await typeNames(sql));
    },
    async saveFromWorker(tx, inputs) {
      const known = await find(tx, inputs.map(nameOf));
      // Built-in types are not taken from workers, so nothing of theirs is worth a check: it would be 60 ms of each start.
      const wanted = inputs.flatMap((input, index) =>
        known.get(nameOf(input))?.builtin === true ? [] : [checkedDescriptor(schemas, input, index)],
      );
      for (const { name } of wanted) {
        const stored = known.get(name);
        if (stored && hasImplementation(stored)) throw definedElsewhere(name);
      }
      return save(
        tx,
        wanted.map((descriptor) => ({ ...descriptor, builtin: false })),
        1,
      );
    },
  };
}

/** Makes the types that this wilco brings known to the database, in one transaction at the server's start. */
export async function registerBuiltinTypes(
  database: Database,
  types: Types,
  descriptors: readonly ResourceTypeDescriptor[],
): Promise<void> {
  const builtin = descriptors.map((descriptor) => ({ ...descriptor, builtin: true }));
  await database.transaction((tx) => types.save(tx, builtin));
}

/** Hash of the content: the same on every server and worker that has the same descriptor. */
export function contentVersion(descriptor: ResourceTypeDescriptor): string {
  return sha256(canonicalJson(descriptor));
}

export async function typeNames(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ name: string }>("SELECT name FROM resource_type ORDER BY name");
  return rows.map(({ name }) => name);
}

export function unknownType(name: string, known: readonly string[]): WilcoError {
  return new WilcoError({
    code: "unknown_type",
    message: `There is no resource type ${JSON.stringify(name)}`,
    hint: suggestion(name, known, "Types") ?? "There are no types yet: add one with `wilco apply FILE`.",
  });
}

/** True for a type that an inventory document defined: it says what workers run. */
export function hasImplementation(descriptor: ResourceTypeDescriptor): boolean {
  return Object.values(descriptor.operations).some(({ implementation }) => implementation !== null);
}

function nameOf(input: unknown): string {
  const name = (input as { name?: unknown } | null)?.name;
  return typeof name === "string" ? name : "";
}

function checkedDescriptor(schemas: SchemaValidator, input: unknown, index: number): ResourceTypeDescriptor {
  const [problem] = schemas.problems(DESCRIPTOR_SCHEMA, input);
  if (problem) {
    throw new WilcoError({
      code: "invalid_request",
      message: `Resource type ${index + 1} of the worker is no descriptor: ${problem.message}`,
      hint: problem.hint ?? "Make it with defineResourceType, and run the worker with the server's version of wilco.",
    });
  }
  const descriptor = input as ResourceTypeDescriptor;
  const parts: Array<[string, unknown]> = [["connection", descriptor.connection]];
  if (descriptor.configuration) parts.push(["configuration", descriptor.configuration]);
  for (const operation of Object.values(descriptor.operations)) {
    parts.push([`operations.${operation.name}.parameters`, operation.parameters]);
  }
  for (const [path, schema] of parts) {
    const problem = schemas.schemaProblem(schema);
    if (problem === null) continue;
    throw new WilcoError({
      code: "invalid_request",
      message: `The resource type "${descriptor.name}" has a schema that can't be used, at ${path}: ${problem}`,
      hint: "Correct the type and start the worker again.",
    });
  }
  return descriptor;
}

function definedElsewhere(name: string): WilcoError {
  return new WilcoError({
    code: "conflict",
    message: `The resource type "${name}" is defined in the inventory, so a worker can't bring another of that name`,
    hint: "Give the worker's type another name, or remove the one of the inventory.",
  });
}
