/** The beginning of a stream, for a result; the rest is only counted. */

export interface Capture {
  add(data: Uint8Array): void;
  /** Of what was added, the first `limit` bytes. */
  bytes(): Buffer;
  /** There was more. */
  truncated(): boolean;
}

/** @param limit bytes */
export function createCapture(limit: number): Capture {
  const kept: Uint8Array[] = [];
  let left = limit;
  let truncated = false;
  return {
    add(data) {
      if (data.length > left) truncated = true;
      if (left === 0) return;
      const part = data.subarray(0, left);
      kept.push(part);
      left -= part.length;
    },
    bytes: () => Buffer.concat(kept),
    truncated: () => truncated,
  };
}
