/** Takes known secrets out of texts, of JSON values, and of streams of bytes, also where a secret lies across two chunks. */
import type { Json } from "./json.ts";

/** What stands where a secret was. */
export const MASK = "********";

/**
 * Shorter values are not looked for: "1" or "no" masked everywhere would make any output unreadable, and protects
 * nothing that could not be guessed.
 */
export const SHORTEST_MASKED = 4;

export interface Masker {
  /** There is nothing to mask. */
  readonly idle: boolean;
  text(text: string): string;
  /** A copy, with every text (and every key) masked; numbers that are a secret become the mask. */
  value<T>(value: T): T;
  stream(): MaskStream;
}

/** Bytes in, bytes out. What may be the beginning of a secret is held back until it is known. */
export interface MaskStream {
  push(data: string | Uint8Array): Uint8Array;
  /** What was held back. */
  end(): Uint8Array;
}

/** @param secrets values as they are; the forms in which programs repeat them are found too, see `formsOf`. */
export function createMasker(secrets: Iterable<string>): Masker {
  const forms = [...new Set([...secrets].flatMap(formsOf))].toSorted((a, b) => b.length - a.length);
  if (forms.length === 0) return IDLE;
  const inText = patternOf(forms);
  const bytes = forms
    .map((form) => Buffer.from(form, "utf8").toString("latin1"))
    .toSorted((a, b) => b.length - a.length);
  const known = new Set(forms);
  const text = (one: string) => maskCut(one.replace(inText, MASK), forms);
  return {
    idle: false,
    text,
    value: (value) => maskValue(value as Json, text, known) as typeof value,
    stream: () => createMaskStream(bytes),
  };
}

const IDLE: Masker = {
  idle: true,
  text: (text) => text,
  value: (value) => value,
  stream: () => ({
    push: (data) => (typeof data === "string" ? Buffer.from(data) : data),
    end: () => Buffer.alloc(0),
  }),
};

/**
 * A secret as programs repeat it: as it is, inside JSON, inside a URL, in base64. Of one with several lines (a private
 * key) each line counts by itself, because that is how it is printed.
 */
function formsOf(secret: string): string[] {
  const trimmed = secret.trim();
  if (trimmed.length < SHORTEST_MASKED) return [];
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
  const whole =
    lines.length === 1 ? [trimmed] : [trimmed, ...lines.filter((line) => line.length >= 2 * SHORTEST_MASKED)];
  return whole.flatMap((form) => [
    form,
    JSON.stringify(form).slice(1, -1),
    encodeURIComponent(form.toWellFormed()),
    Buffer.from(form).toString("base64").replace(/=+$/, ""),
  ]);
}

function patternOf(forms: readonly string[]): RegExp {
  return new RegExp(forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
}

/** A text that was shortened ("…") may show the beginning of a secret, and with a long one that is most of it. */
function maskCut(text: string, forms: readonly string[]): string {
  if (!text.includes("…")) return text;
  const parts = text.split("…");
  const masked = parts.slice(0, -1).map((part) => {
    const tail = part.slice(-forms[0]!.length);
    for (let at = 0; at <= tail.length - SHORTEST_MASKED; at++) {
      const end = tail.slice(at);
      if (forms.some((form) => form.startsWith(end))) return part.slice(0, part.length - end.length) + MASK;
    }
    return part;
  });
  return [...masked, parts.at(-1)].join("…");
}

function maskValue(value: Json, text: (one: string) => string, known: ReadonlySet<string>): Json {
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return known.has(String(value)) ? MASK : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => maskValue(one, text, known));
  // fromEntries makes a key of "__proto__" too, where an assignment would not.
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [text(key), maskValue(one, text, known)]));
}

/** Works on bytes as latin1, so that a character cut in two is no special case. @param secrets longest first. */
function createMaskStream(secrets: readonly string[]): MaskStream {
  const pattern = patternOf(secrets);
  const longest = secrets[0]!.length;
  const byFirst = Map.groupBy(secrets, (secret) => secret[0]!);
  let held = "";

  /** Where the longest end of `text` begins that may become a secret; its length when there is none. */
  function holdFrom(text: string, from: number): number {
    for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
      const end = text.length - at;
      const candidates = byFirst.get(text[at]!);
      if (candidates?.some((secret) => secret.length > end && text.endsWith(secret.slice(0, end)))) return at;
    }
    return text.length;
  }

  return {
    push(data) {
      const text = held + Buffer.from(data as string).toString("latin1");
      let out = "";
      let at = 0;
      let hold = holdFrom(text, 0);
      for (const match of text.matchAll(pattern)) {
        // It may yet become a longer secret.
        if (match.index >= hold) break;
        out += text.slice(at, match.index) + MASK;
        at = match.index + match[0].length;
        if (at > hold) hold = holdFrom(text, at);
      }
      held = text.slice(hold);
      return Buffer.from(out + text.slice(at, hold), "latin1");
    },
    end() {
      const rest = held.replace(pattern, MASK);
      held = "";
      return Buffer.from(rest, "latin1");
    },
  };
}
