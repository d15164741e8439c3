/** The tree that an entry is in, read a level at a time: from any of its members it is the same one. */
import type { Sql } from "../database/database.ts";
import type { Entry } from "../domain/entry.ts";
import { MAX_TREE, type EntryNode, type EntryTree } from "../domain/entry-tree.ts";
import { readEntries, unknownEntry } from "./read.ts";

interface Link {
  id: number;
  parent: number | null;
  retry_of: number | null;
}

/** Entries read at once: results may have 4 MB each. */
const BATCH = 200;
const MAX_SHOWN = 4_096;

/** @throws WilcoError `unknown_entry`. */
export async function readTree(sql: Sql, id: number, most = MAX_TREE): Promise<EntryTree> {
  const root = await rootOf(sql, id);
  const links = new Map<number, Link>([[root, { id: root, parent: null, retry_of: null }]]);
  let truncated = false;
  for (let level = [root]; level.length > 0;) {
    const below = (await linksBelow(sql, level, most + 1)).filter((link) => !links.has(link.id));
    const taken = below.slice(0, most - links.size);
    truncated ||= taken.length < below.length;
    for (const link of taken) links.set(link.id, link);
    level = taken.map((link) => link.id);
  }
  return { ...grow(await readNodes(sql, [...links.keys()]), links, root), truncated };
}

/** What it is a part of comes first; what is a part of nothing belongs to what it repeats. */
async function rootOf(sql: Sql, id: number): Promise<number> {
  for (let at = id; ;) {
    const [link] = await sql.query<Link>("SELECT id, parent, retry_of FROM entry WHERE id = $1", [at]);
    if (!link) throw unknownEntry(id);
    const above = link.parent ?? link.retry_of;
    if (above === null) return at;
    at = above;
  }
}

/** A UNION, because each half has an index of its own. */
function linksBelow(sql: Sql, ids: readonly number[], limit: number): Promise<Link[]> {
  const { inIds } = sql.dialect;
  return sql.query<Link>(
    `SELECT id, parent, retry_of FROM entry WHERE ${inIds("parent", "$1")} AND parent IS NOT NULL
     UNION SELECT id, parent, retry_of FROM entry WHERE ${inIds("retry_of", "$1")} AND retry_of IS NOT NULL
     ORDER BY id LIMIT $2`,
    [JSON.stringify(ids), limit],
  );
}

async function readNodes(sql: Sql, ids: readonly number[]): Promise<Map<number, EntryNode>> {
  const nodes = new Map<number, EntryNode>();
  for (let at = 0; at < ids.length; at += BATCH) {
    for (const entry of await readEntries(sql, ids.slice(at, at + BATCH))) {
      nodes.set(entry.id, { ...shortened(entry), children: [], retries: [] });
    }
  }
  return nodes;
}

function shortened(entry: Entry): Entry {
  const isLong = (value: unknown) => JSON.stringify(value).length > MAX_SHOWN;
  return {
    ...entry,
    result: isLong(entry.result) ? null : entry.result,
    // A script's name is among its parameters, and they are bounded.
    parameters: entry.kind !== "script" && isLong(entry.parameters) ? {} : entry.parameters,
  };
}

/** Children and retries are in the order of their ids, for the links were found in it. */
function grow(nodes: ReadonlyMap<number, EntryNode>, links: ReadonlyMap<number, Link>, root: number): EntryNode {
  for (const { id, parent, retry_of: retryOf } of [...links.values()].toSorted((a, b) => a.id - b.id)) {
    const node = nodes.get(id);
    const above = parent === null ? undefined : nodes.get(parent);
    if (!node || id === root) continue;
    if (above) above.children.push(node);
    else if (retryOf !== null) nodes.get(retryOf)?.retries.push(node);
  }
  return nodes.get(root)!;
}
