/** The entries that a script filed, as far as the bridge has seen them: what still runs when the script is over. */
import type { Entry } from "../domain/entry.ts";
import { isTerminal, type Status } from "../domain/status.ts";

export interface RunningEntry {
  id: number;
  /** Name of the resource; of a request, its targets. */
  resource: string;
  operation: string;
  status: Status;
}

export interface FiledEntries {
  filed(entry: Entry): void;
  /** Any later sight of an entry; those that this script did not file are not kept. */
  seen(entry: Entry): void;
  detached(id: number): void;
  /** Not known to have ended. */
  running(): RunningEntry[];
  /** As `running`, without those the script let go of. */
  ours(): RunningEntry[];
}

export function createFiledEntries(): FiledEntries {
  const open = new Map<number, RunningEntry>();
  const detached = new Set<number>();

  function seen(entry: Entry): void {
    const known = open.get(entry.id);
    if (!known) return;
    if (isTerminal(entry.status)) {
      open.delete(entry.id);
      detached.delete(entry.id);
    } else {
      known.status = entry.status;
    }
  }

  return {
    filed(entry) {
      const { id, resource, targets, operation, kind, status } = entry;
      open.set(id, { id, resource: resource?.name ?? targets ?? "", operation: operation ?? kind, status });
      seen(entry);
    },
    seen,
    detached(id) {
      if (open.has(id)) detached.add(id);
    },
    running: () => [...open.values()].map((entry) => ({ ...entry })),
    ours: () => [...open.values()].filter(({ id }) => !detached.has(id)).map((entry) => ({ ...entry })),
  };
}
