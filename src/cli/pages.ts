/** Lists that may be long: all pages, or the one that `--limit` and `--cursor` ask for. */
import type { Context } from "./context.ts";
import { parseCount } from "./numbers.ts";

export interface PageFlags {
  limit?: string;
  cursor?: string;
}

const PAGE = 1_000;

/** Says on stderr how to get what comes after `--limit`. */
export async function readPages<T>(
  context: Context,
  flags: PageFlags,
  read: (page: { limit: number; cursor?: string }) => Promise<{ items: T[]; next: string | null }>,
): Promise<{ items: T[]; next: string | null }> {
  const limit = flags.limit === undefined ? Infinity : parseCount(flags.limit, "--limit");
  const items: T[] = [];
  let next: string | null = flags.cursor ?? null;
  do {
    const page = await read({
      limit: Math.min(PAGE, limit - items.length),
      ...(next === null ? {} : { cursor: next }),
    });
    items.push(...page.items);
    next = page.next;
  } while (next !== null && items.length < limit);
  if (next !== null) context.output.notice(`There are more: --cursor ${next}`);
  return { items, next };
}
