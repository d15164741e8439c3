/** Groups and types are removed by name, unless something that stays needs them. What is removed with others is `prune`'s. */
import { WilcoError } from "../core/errors.ts";
import type { Transaction } from "../database/database.ts";
import { groupsNamedBy } from "../domain/selector.ts";
import { listGroups, unknownGroup } from "./groups.ts";
import type { Types } from "./types.ts";
import { lockInventory } from "./write-resources.ts";

const SHOWN = 3;

/** @throws WilcoError `unknown_group`; `conflict` while another group names it. */
export async function deleteGroup(tx: Transaction, name: string): Promise<void> {
  await lockInventory(tx);
  const groups = await listGroups(tx);
  if (!groups.some((group) => group.name === name)) throw await unknownGroup(tx, name);
  const naming = groups.filter((group) => group.name !== name && groupsNamedBy(group).includes(name));
  if (naming.length > 0) {
    throw new WilcoError({
      code: "conflict",
      message: `The group ${name} is named by the ${naming.length === 1 ? "group" : "groups"} ${listed(naming)}`,
      hint: `Take it out of ${naming.length === 1 ? "that group" : "those groups"} first (wilco apply FILE), or remove ${naming.length === 1 ? "it" : "them"} too.`,
    });
  }
  await tx.query("DELETE FROM resource_group WHERE name = $1", [name]);
}

/**
 * @throws WilcoError `unknown_type`; `conflict` for one that is built in, that a resource is of, or that a live worker
 *   brings.
 */
export async function deleteType(tx: Transaction, types: Types, name: string): Promise<void> {
  await lockInventory(tx);
  const type = await types.get(tx, name);
  if (type.builtin) {
    throw new WilcoError({
      code: "conflict",
      message: `The type ${name} is built in`,
      hint: "Only types of inventory documents and of workers that are gone can be removed.",
    });
  }
  const resources = await tx.query<{ name: string }>(
    `SELECT name FROM resource WHERE type = $1 ORDER BY id LIMIT ${SHOWN + 1}`,
    [name],
  );
  if (resources.length > 0) {
    throw new WilcoError({
      code: "conflict",
      message: `The type ${name} is the type of ${listed(resources)}`,
      hint: `Remove ${resources.length === 1 ? "that resource" : "those resources"} first: wilco resources list type=${name}`,
    });
  }
  const workers = await tx.query<{ name: string }>(
    `SELECT w.name FROM worker w JOIN worker_type b ON b.session = w.session JOIN resource_type t ON t.name = b.type
     WHERE b.type = $1 AND t.by_worker = 1 AND w.state IN ('starting', 'ready', 'draining') ORDER BY w.name LIMIT ${SHOWN + 1}`,
    [name],
  );
  if (workers.length > 0) {
    throw new WilcoError({
      code: "conflict",
      message: `The type ${name} is brought by the ${workers.length === 1 ? "worker" : "workers"} ${listed(workers)}`,
      hint: "Start it without that type, or stop it, first: it would bring the type again.",
    });
  }
  await tx.query("DELETE FROM resource_type WHERE name = $1", [name]);
}

function listed(named: ReadonlyArray<{ name: string }>): string {
  const names = named.slice(0, SHOWN).map(({ name }) => name);
  return `${names.join(", ")}${named.length > SHOWN ? ", …" : ""}`;
}
