/** What a script's `fetch` gives: the part of a Response that scripts use. The body is here as a whole already. */
import { bytesOfBase64 } from "./bytes.ts";
import { TextDecoder, TextEncoder } from "./encoding.ts";

/** As it crosses the bridge. */
export interface FetchAnswer {
  status: number;
  statusText: string;
  url: string;
  redirected: boolean;
  headers: Array<[string, string]>;
  body: { text: string } | { base64: string };
}

export type FetchResponse = ReturnType<typeof createFetchResponse>;

export function createFetchResponse({ status, statusText, url, redirected, headers, body }: FetchAnswer) {
  const text = (): string => {
    if ("text" in body) return body.text.replace(/^\uFEFF/, "");
    return new TextDecoder().decode(bytesOfBase64(body.base64));
  };
  const bytes = (): Uint8Array => ("text" in body ? new TextEncoder().encode(body.text) : bytesOfBase64(body.base64));
  return Object.freeze({
    ok: status >= 200 && status <= 299,
    status,
    statusText,
    url,
    redirected,
    headers: createHeaders(headers),
    text: async () => text(),
    json: async () => JSON.parse(text()) as unknown,
    bytes: async () => bytes(),
    arrayBuffer: async () => bytes().buffer as ArrayBuffer,
  });
}

function createHeaders(pairs: Array<[string, string]>) {
  // Of those that come more than once (set-cookie), get() joins the values as in browsers.
  const get = (name: string): string | null => {
    const found = pairs.filter(([key]) => key === name.toLowerCase());
    return found.length === 0 ? null : found.map(([, value]) => value).join(", ");
  };
  return Object.freeze({
    get,
    has: (name: string) => get(name) !== null,
    entries: () => pairs.values(),
    keys: () => pairs.map(([name]) => name).values(),
    values: () => pairs.map(([, value]) => value).values(),
    [Symbol.iterator]: () => pairs.values(),
  });
}
