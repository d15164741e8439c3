/** How an entry is to end; `endEntries` does it. */
import type { Json } from "../core/json.ts";
import type { EntryError } from "../domain/entry.ts";
import type { TerminalStatus } from "../domain/status.ts";

export interface End {
  id: number;
  status: TerminalStatus;
  result?: Json | null;
  /** Always there unless the status is "succeeded". */
  error?: EntryError | null;
  finishId?: string | null;
  /** Keeps the resource held although the entry has ended: a forced cancel whose worker has not answered. */
  keepHead?: boolean;
}
