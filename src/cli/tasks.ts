/** Requests with the entries of their tasks, for following and showing them together. */
import type { Api } from "../client/api.ts";
import type { Entry } from "../domain/entry.ts";

const PAGE = 1_000;

/** Each request followed by its tasks, in their order; the others as they are. */
export async function withTasks(api: Pick<Api, "entries">, entries: readonly Entry[]): Promise<Entry[]> {
  const all: Entry[] = [];
  for (const entry of entries) all.push(entry, ...(entry.kind === "request" ? await tasksOf(api, entry.id) : []));
  return all;
}

/** What names the entry as its parent, the oldest first. */
export async function tasksOf(api: Pick<Api, "entries">, parent: number): Promise<Entry[]> {
  const tasks: Entry[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await api.entries({
      parent,
      order: "oldest",
      limit: PAGE,
      ...(cursor === undefined ? {} : { cursor }),
    });
    tasks.push(...page.items);
    cursor = page.next;
  }
  return tasks;
}
