/** Answers on their way into the VM: those of one turn of the event loop travel together, in texts of bounded size. */

import { packSettlements } from "./guest/wire.ts";
import type { SettlementChunk } from "./messages.ts";

/** A text is written into the VM's memory beside what the script holds there: not all answers of a burst at once. */
const CHUNK_CHARACTERS = 512 * 1024;

export interface Settlements {
  /** @param json of the value, or of an ErrorBody. @param text crosses beside it as it is. */
  add(id: number, ok: boolean, json: string, text?: string): void;
  /** News of a call whose answer comes later. */
  tell(id: number, json: string, text: string): void;
  /** Sends what there is at once. */
  flush(): void;
}

export function createSettlements(send: (chunks: SettlementChunk[]) => void): Settlements {
  let chunks: SettlementChunk[] = [];
  let ids: number[] = [];
  let items: string[] = [];
  let texts: string[] = [];
  let size = 0;

  function cut(): void {
    chunks.push({ ids, packed: packSettlements(items, texts) });
    ids = [];
    items = [];
    texts = [];
    size = 0;
  }

  function flush(): void {
    if (items.length > 0) cut();
    if (chunks.length === 0) return;
    send(chunks);
    chunks = [];
  }

  function put(id: number, how: 0 | 1 | 2, json: string, text: string): void {
    if (chunks.length === 0 && items.length === 0) setImmediate(flush);
    const characters = json.length + text.length;
    if (size > 0 && size + characters > CHUNK_CHARACTERS) cut();
    items.push(text === "" ? `[${id},${how},${json}]` : `[${id},${how},${json},${text.length}]`);
    if (text !== "") texts.push(text);
    size += characters;
  }

  return {
    add(id, ok, json, text = "") {
      put(id, ok ? 1 : 0, json, text);
      ids.push(id);
    },
    tell: (id, json, text) => put(id, 2, json, text),
    flush,
  };
}
