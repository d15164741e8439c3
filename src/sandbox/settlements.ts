/** Answers on their way into the VM: those of one turn of the event loop travel together, in texts of bounded size. */

/** A text is written into the VM's memory beside what the script holds there: not all answers of a burst at once. */
const CHUNK_CHARACTERS = 512 * 1024;

export interface Settlements {
  /** @param json of the value, or of an ErrorBody. */
  add(id: number, ok: boolean, json: string): void;
}

export function createSettlements(send: (chunks: string[]) => void): Settlements {
  let waiting: string[] = [];

  function flush(): void {
    const chunks: string[] = [];
    let chunk: string[] = [];
    let size = 0;
    for (const item of waiting) {
      if (size > 0 && size + item.length > CHUNK_CHARACTERS) {
        chunks.push(`[${chunk.join(",")}]`);
        chunk = [];
        size = 0;
      }
      chunk.push(item);
      size += item.length;
    }
    chunks.push(`[${chunk.join(",")}]`);
    waiting = [];
    send(chunks);
  }

  return {
    add(id, ok, json) {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(`[${id},${ok ? 1 : 0},${json}]`);
    },
  };
}
