/** TextEncoder and TextDecoder for UTF-8, which QuickJS lacks. */

export class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }

  encode(text: unknown = ""): Uint8Array {
    const source = String(text);
    // Three bytes hold any UTF-16 code unit; a pair of them takes four.
    const bytes = new Uint8Array(source.length * 3);
    let at = 0;
    for (const character of source) {
      const found = character.codePointAt(0)!;
      const code = found >= 0xd800 && found <= 0xdfff ? 0xfffd : found;
      if (code < 0x80) {
        bytes[at++] = code;
      } else if (code < 0x800) {
        bytes[at++] = 0xc0 | (code >> 6);
        bytes[at++] = 0x80 | (code & 63);
      } else if (code < 0x10000) {
        bytes[at++] = 0xe0 | (code >> 12);
        bytes[at++] = 0x80 | ((code >> 6) & 63);
        bytes[at++] = 0x80 | (code & 63);
      } else {
        bytes[at++] = 0xf0 | (code >> 18);
        bytes[at++] = 0x80 | ((code >> 12) & 63);
        bytes[at++] = 0x80 | ((code >> 6) & 63);
        bytes[at++] = 0x80 | (code & 63);
      }
    }
    return bytes.slice(0, at);
  }
}

export interface TextDecoderOptions {
  /** Throw a TypeError on bytes that are not UTF-8 instead of writing U+FFFD. */
  fatal?: boolean;
  ignoreBOM?: boolean;
}

export class TextDecoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #rest: number[] = [];
  #begun = false;

  /** @throws RangeError for any encoding but UTF-8. */
  constructor(label = "utf-8", options: TextDecoderOptions = {}) {
    if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(label.trim())) {
      throw new RangeError(`TextDecoder knows only utf-8 here, not ${JSON.stringify(label)}`);
    }
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }

  decode(input?: ArrayBuffer | ArrayBufferView, options: { stream?: boolean } = {}): string {
    const bytes = [...this.#rest, ...bytesOf(input)];
    this.#rest = [];
    let text = "";
    let at = 0;
    while (at < bytes.length) {
      const { code, length, cut } = next(bytes, at);
      if (cut && options.stream === true) {
        this.#rest = bytes.slice(at);
        break;
      }
      if (code < 0 && this.fatal) {
        this.#begun = false;
        throw new TypeError("The bytes are not UTF-8");
      }
      at += length;
      const character = code < 0 ? "\uFFFD" : String.fromCodePoint(code);
      if (this.#begun || character !== "\uFEFF" || this.ignoreBOM) text += character;
      this.#begun = true;
    }
    if (options.stream !== true) this.#begun = false;
    return text;
  }
}

function bytesOf(input: ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  if (input === undefined) return new Uint8Array(0);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  return new Uint8Array(input);
}

/** The code point at `at` (-1: none) and how many bytes it takes; `cut`: the bytes end before it does. */
function next(bytes: ArrayLike<number>, at: number): { code: number; length: number; cut: boolean } {
  const first = bytes[at]!;
  if (first < 0x80) return { code: first, length: 1, cut: false };
  const size =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (size === 0) return { code: -1, length: 1, cut: false };
  let code = first & (0xff >> (size + 1));
  for (let index = 1; index < size; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return { code: -1, length: index, cut: true };
    // The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF.
    const low = index > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = index > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte < low || byte > high) return { code: -1, length: index, cut: false };
    code = (code << 6) | (byte & 63);
  }
  return { code, length: size, cut: false };
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Text of characters up to U+00FF as base64. @throws TypeError for any other character. */
export function btoa(text: unknown): string {
  const source = String(text);
  let out = "";
  for (let at = 0; at < source.length; at += 3) {
    const codes = [source.charCodeAt(at), source.charCodeAt(at + 1), source.charCodeAt(at + 2)];
    if (codes.some((code) => code > 255))
      throw new TypeError("btoa takes characters up to U+00FF: encode the text first");
    const bits = (codes[0]! << 16) | ((codes[1] || 0) << 8) | (codes[2] || 0);
    out += BASE64[bits >> 18]! + BASE64[(bits >> 12) & 63]!;
    out += at + 1 < source.length ? BASE64[(bits >> 6) & 63]! : "=";
    out += at + 2 < source.length ? BASE64[bits & 63]! : "=";
  }
  return out;
}

/** @throws TypeError for what is not base64. */
export function atob(base64: unknown): string {
  const source = String(base64)
    .replace(/[\t\n\f\r ]/g, "")
    .replace(/={1,2}$/, "");
  if (source.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(source)) throw new TypeError("The text is not base64");
  let out = "";
  let bits = 0;
  let held = 0;
  for (const character of source) {
    bits = ((bits << 6) | BASE64.indexOf(character)) & 0xffffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += String.fromCharCode((bits >> held) & 255);
  }
  return out;
}
