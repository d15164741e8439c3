import { describe, expect, test } from "vitest";
import { createMasker, MASK, type Masker } from "../../src/core/masking.ts";

/** The text in chunks of this many bytes, masked as a stream. */
function streamed(masker: Masker, text: string, size: number): string {
  const stream = masker.stream();
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(stream.push(bytes.subarray(at, at + size)));
  parts.push(stream.end());
  return Buffer.concat(parts).toString("utf8");
}

describe("A masker", () => {
  test("masks a secret as programs repeat it: as it is, in JSON, in a URL, in base64", () => {
    const secret = 'p"ss w&rd/ü';
    const { text } = createMasker([secret]);
    expect(text(`a ${secret} b`)).toBe(`a ${MASK} b`);
    expect(text(JSON.stringify({ secret }))).toBe(`{"secret":"${MASK}"}`);
    expect(text(`?q=${encodeURIComponent(secret)}&x`)).toBe(`?q=${MASK}&x`);
    expect(text(Buffer.from(secret).toString("base64").replace(/=+$/, ""))).toBe(MASK);
  });

  test("prefers the longer of two secrets of which one begins the other", () => {
    const masker = createMasker(["abcd", "abcdef"]);
    expect(masker.text("abcdef abcd")).toBe(`${MASK} ${MASK}`);
    expect(streamed(masker, "abcdef abcde", 1)).toBe(`${MASK} ${MASK}e`);
  });

  test("masks each line of a secret that has several", () => {
    const { text } = createMasker(["-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n"]);
    expect(text("line kqhkiG9w0BAQEF\r\nother")).toBe(`line ${MASK}\r\nother`);
  });

  test("masks what is left of a secret in a text that was shortened", () => {
    const { text } = createMasker(["eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"]);
    expect(text("Bearer eyJhbGciOiJIUzI1Ni… and more")).toBe(`Bearer ${MASK}… and more`);
    expect(text("nothing secret…")).toBe("nothing secret…");
  });

  test("leaves very short values alone, which would make every output unreadable", () => {
    const masker = createMasker(["1", "no", "abc"]);
    expect(masker.idle).toBe(true);
    expect(masker.text("1 no abc")).toBe("1 no abc");
  });

  test("reads a secret literally, not as a pattern", () => {
    const { text } = createMasker(["a.c*[x]", "$1\\d"]);
    expect(text("a.c*[x] abc $1\\d")).toBe(`${MASK} abc ${MASK}`);
  });

  test("masks keys, nested values, and numbers that are the secret", () => {
    const { value } = createMasker(["hunter22", "123456"]);
    expect(value({ hunter22: [1, "x hunter22"], pin: 123456, other: 1234567, nothing: null })).toEqual({
      [MASK]: [1, `x ${MASK}`],
      pin: MASK,
      other: 1234567,
      nothing: null,
    });
  });

  test("finds a secret across chunks of any size, and alters nothing else", () => {
    const masker = createMasker(["s3cr3t-wörd", "other-secret"]);
    const text = `start s3cr3t-wörd ümlaut s3cr3t-wör other-secrets3cr3t-wörd\n${"x".repeat(50)} s3cr3t`;
    const whole = `start ${MASK} ümlaut s3cr3t-wör ${MASK}${MASK}\n${"x".repeat(50)} s3cr3t`;
    for (let size = 1; size <= 40; size++) expect(streamed(masker, text, size)).toBe(whole);
  });

  test("holds back only what may become a secret", () => {
    const stream = createMasker(["password1"]).stream();
    expect(Buffer.from(stream.push("enter your pass")).toString()).toBe("enter your ");
    expect(Buffer.from(stream.push("phrase: ")).toString()).toBe("passphrase: ");
    expect(stream.end()).toHaveLength(0);
  });
});
