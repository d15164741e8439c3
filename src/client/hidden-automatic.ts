/**
 * Lists of entries leave out what wilco files by itself, checks and metrics. Whoever misses them should hear of it, but
 * only where some were left out.
 */
import type { Entry } from "../domain/entry.ts";
import type { HistoryQuery } from "./port.ts";

/** Who asks for automatic entries, in the history. */
const WILCO = "wilco";
const OPERATIONS: readonly string[] = ["check", "metrics"];
/** Read at most to find one: a list that is longer has been said to be so by its length. */
const MOST = 200;

/**
 * Whether entries were left out among those of a list, or after the last of them: false when the list was asked for
 * something that no automatic entry is.
 * @param shown how many the list has.
 * @param read the same list with the automatic ones, at most `limit`.
 */
export async function hidesAutomatic(
  query: Pick<HistoryQuery, "automatic" | "kind" | "operation" | "parent" | "requestedBy">,
  shown: number,
  read: (limit: number) => Promise<readonly Entry[]>,
): Promise<boolean> {
  const { automatic, kind, operation, parent, requestedBy } = query;
  if (automatic === true || parent !== undefined) return false;
  if (kind !== undefined && kind !== "operation") return false;
  if (operation !== undefined && !OPERATIONS.includes(operation)) return false;
  if (requestedBy !== undefined && requestedBy !== WILCO) return false;
  return (await read(Math.min(shown + 1, MOST))).some((entry) => entry.automatic);
}
