/**
 * `{{secrets.NAME}}` in the types and connections of claimed entries. Only admins write those, so whoever may submit the
 * operation may use the secret without seeing it; it goes to the one worker that runs the entry, with the entry.
 */
import { messageOf } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import type { EntryRow } from "../database/tables.ts";
import { READ_CONFIGURATION, UPDATE_CONFIGURATION } from "../domain/configuration.ts";
import type { EntryError } from "../domain/entry.ts";
import { secretNames, secretNamesOf } from "../domain/secret-templates.ts";
import type { OpenedTarget, Target } from "../inventory/targets.ts";
import type { Context } from "./context.ts";

export interface StoredSecrets {
  values: ReadonlyMap<string, string>;
  /** Why entries can't run, by entry. */
  missing: ReadonlyMap<number, EntryError>;
}

type Named = Pick<EntryRow, "id" | "resource" | "resource_name" | "operation">;

const NONE: StoredSecrets = { values: new Map(), missing: new Map() };

/** Asks the store once, and only when something names a secret. */
export async function storedSecrets(
  context: Context,
  tx: Transaction,
  rows: readonly Named[],
  targets: ReadonlyMap<number, OpenedTarget>,
): Promise<StoredSecrets> {
  const named = rows.flatMap((row): Array<[Named, string[]]> => {
    const target = targets.get(row.resource ?? 0);
    const names = target && row.operation !== null ? namesFor(target, row.operation) : [];
    return names.length === 0 ? [] : [[row, names]];
  });
  if (named.length === 0) return NONE;
  try {
    const values = await context.secrets.values(tx, [...new Set(named.flatMap(([, names]) => names))]);
    const missing = named.flatMap(([row, names]): Array<[number, EntryError]> => {
      const name = names.find((one) => !values.has(one));
      return name === undefined ? [] : [[row.id, missingSecret(row, name)]];
    });
    return { values, missing: new Map(missing) };
  } catch (error) {
    const message = `The stored secrets that it names can't be opened: ${messageOf(error)}`;
    const shut: EntryError = { code: "sealed", message, source: "system" };
    return { values: new Map(), missing: new Map(named.map(([row]) => [row.id, shut])) };
  }
}

/** Those that an operation of a resource uses. */
export function namesFor({ type, connection }: OpenedTarget, operation: string): string[] {
  return [...new Set([...namesOfOperation(type, operation), ...secretNames(connection)])];
}

/** Those that its type names; an update reads back with another operation. */
export function namesOfOperation(type: Target["type"], operation: string): string[] {
  const read = operation === UPDATE_CONFIGURATION ? type.operations[READ_CONFIGURATION] : undefined;
  return [...secretNamesOf(type.operations[operation]?.implementation), ...secretNamesOf(read?.implementation)];
}

function missingSecret({ resource_name, operation }: Named, name: string): EntryError {
  return {
    code: "unknown_secret",
    message: `${operation} of ${resource_name} uses the secret ${JSON.stringify(name)}, which there is not; nothing has run`,
    source: "system",
    hint: `An admin sets it with: wilco secrets set ${name}`,
    details: { secret: name },
  };
}
