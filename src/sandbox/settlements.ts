/** Answers on their way into the VM: those of one turn of the event loop travel together, in texts of bounded size. */

import type { SettlementChunk } from "./messages.ts";

/** A text is written into the VM's memory beside what the script holds there: not all answers of a burst at once. */
const CHUNK_CHARACTERS = 512 * 1024;

export interface Settlements {
  /** @param json of the value, or of an ErrorBody. */
  add(id: number, ok: boolean, json: string): void;
}

export function createSettlements(send: (chunks: SettlementChunk[]) => void): Settlements {
  let chunks: SettlementChunk[] = [];
  let ids: number[] = [];
  let items: string[] = [];
  let size = 0;

  function cut(): void {
    chunks.push({ ids, json: `[${items.join(",")}]` });
    ids = [];
    items = [];
    size = 0;
  }

  function flush(): void {
    cut();
    send(chunks);
    chunks = [];
  }

  return {
    add(id, ok, json) {
      if (chunks.length === 0 && items.length === 0) setImmediate(flush);
      if (size > 0 && size + json.length > CHUNK_CHARACTERS) cut();
      ids.push(id);
      items.push(`[${id},${ok ? 1 : 0},${json}]`);
      size += json.length;
    },
  };
}
