/** Bytes as base64 and back, for what crosses the bridge: tables, because a byte at a time through text is slow here. */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PART = 3 * 8_192;

export function bytesOfBase64(text: string): Uint8Array {
  const values = new Uint8Array(128);
  for (let at = 0; at < DIGITS.length; at++) values[DIGITS.charCodeAt(at)] = at;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let from = 0, to = 0; from < text.length; from += 4) {
    const bits =
      (values[text.charCodeAt(from)]! << 18) |
      (values[text.charCodeAt(from + 1)]! << 12) |
      (values[text.charCodeAt(from + 2)]! << 6) |
      values[text.charCodeAt(from + 3)]!;
    // Writes past the end, where there is padding, are dropped by the array.
    bytes[to++] = bits >> 16;
    bytes[to++] = bits >> 8;
    bytes[to++] = bits;
  }
  return bytes;
}

export function base64OfBytes(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += PART) {
    let part = "";
    for (let at = start; at < Math.min(start + PART, bytes.length); at += 3) {
      const bits = (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      part += DIGITS[bits >> 18]! + DIGITS[(bits >> 12) & 63]!;
      part += at + 1 < bytes.length ? DIGITS[(bits >> 6) & 63]! : "=";
      part += at + 2 < bytes.length ? DIGITS[bits & 63]! : "=";
    }
    parts.push(part);
  }
  return parts.join("");
}
