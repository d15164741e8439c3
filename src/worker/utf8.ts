/** Where UTF-8 may be cut. */

/** The length of `bytes` without a character at its end of which bytes are still missing. */
export function completeLength(bytes: Uint8Array): number {
  // A character has at most 4 bytes; its first one tells how many.
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const needed = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}
