import { describe, expect, it } from "vitest";
import {
  atob,
  btoa,
  TextDecoder as GuestDecoder,
  TextEncoder as GuestEncoder,
} from "../../src/sandbox/guest/encoding.ts";
import { structuredClone as guestClone } from "../../src/sandbox/guest/clone.ts";
import { URLSearchParams as GuestParams } from "../../src/sandbox/guest/url-search-params.ts";
import { URL as GuestURL } from "../../src/sandbox/guest/url.ts";
import { runScript } from "./world.ts";

describe("what a script finds around it", () => {
  it("is there, in the engine", async () => {
    const ran = await runScript(`
      const url = new URL("../x?q=1#h", "https://user:pw@Example.test:443/a/b/c");
      url.searchParams.append("z", "ä &");
      console.log(url.href, url.origin, new URLSearchParams({ a: "1" }).get("a"));
      console.log(new TextDecoder().decode(new TextEncoder().encode("a€😀")), atob(btoa("hi")));
      const cyclic: { self?: unknown; when: Date; map: Map<string, Set<number>> } = { when: new Date(0), map: new Map([["a", new Set([1])]]) };
      cyclic.self = cyclic;
      const copy = structuredClone(cyclic);
      console.log(copy !== cyclic && copy.self === copy, copy.when.toISOString(), copy.map);
      const controller = new AbortController();
      controller.signal.addEventListener("abort", (event) => console.log(event.type, controller.signal.reason.name), { once: true });
      controller.abort();
      await new Promise<void>((resolve) => AbortSignal.timeout(5).addEventListener("abort", () => resolve()));
      console.log(AbortSignal.any([controller.signal]).aborted, await Array.fromAsync([Promise.resolve(1), 2]));
      async function* numbers() { yield 1; yield 2; }
      console.log(await Array.fromAsync(numbers(), (n) => n * 2));
      console.log(typeof performance.now(), [3, 1].toSorted(), Object.groupBy([1, 2], (n) => n % 2 ? "odd" : "even"), Object.keys(globalThis));
    `);
    expect(ran.error).toBeUndefined();
    expect(ran.stdout.split("\n")).toEqual([
      "https://user:pw@example.test/a/x?q=1&z=%C3%A4+%26#h https://example.test 1",
      "a€😀 hi",
      "true 1970-01-01T00:00:00.000Z Map(1) { 'a' => Set(1) { 1 } }",
      "abort AbortError",
      "true [ 1, 2 ]",
      "[ 2, 4 ]",
      "number [ 1, 3 ] [Object: null prototype] { odd: [ 1 ], even: [ 2 ] } []",
      "",
    ]);
  });
});

describe("URL", () => {
  it.each([
    ["https://example.test", undefined],
    ["HTTP://EXAMPLE.test:80/%7Efoo/../b/./c?a=b c#d e", undefined],
    ["https://[::1]:8443/x", undefined],
    ["//other/x", "https://a/b"],
    ["?x=1", "https://a/b/c?d#e"],
    ["#f", "https://a/b/c?d#e"],
    ["", "https://a/b/c?d#e"],
    ["d/../../e", "https://a/b/c/f"],
    ["/..//x", "https://a/b"],
    ["mailto:a@b.test?subject=x", undefined],
    ["file:///etc/hosts", undefined],
    ["file:/etc/../hosts", undefined],
    ["file://host/share", undefined],
    ["https:\\\\example.test\\a", undefined],
    ["  https://a/ü?ü#ü  ", undefined],
    ["https://us%65r:p@a/", undefined],
    ["ws://a:80/x'y?x'y", undefined],
  ])("reads %j as Node does", (text, base) => {
    const ours = new GuestURL(text, base);
    const theirs = new URL(text, base);
    for (const key of [
      "href",
      "origin",
      "protocol",
      "username",
      "password",
      "host",
      "hostname",
      "port",
      "pathname",
      "search",
      "hash",
    ] as const) {
      expect([key, ours[key]]).toEqual([key, theirs[key]]);
    }
    expect([...ours.searchParams]).toEqual([...theirs.searchParams]);
  });

  it.each(["", "x", "/a", "https://", "https://a b/", "https://a:99999/", "https://a:x/", "https://ex%ample/"])(
    "refuses %j",
    (text) => {
      expect(() => new GuestURL(text)).toThrow(TypeError);
      expect(GuestURL.canParse(text)).toBe(false);
      expect(URL.canParse(text)).toBe(false);
    },
  );

  it("changes its parts", () => {
    for (const Type of [GuestURL, URL]) {
      const url = new Type("http://a.test/x?y=1#z");
      url.protocol = "https";
      url.port = "8443";
      url.pathname = "a b";
      url.searchParams.set("y", "2&3");
      url.hash = "";
      url.username = "me";
      expect(String(url)).toBe("https://me@a.test:8443/a%20b?y=2%263");
      url.search = "";
      url.host = "b.test:1";
      expect(JSON.stringify({ url })).toBe('{"url":"https://me@b.test:1/a%20b"}');
    }
  });
});

describe("URLSearchParams", () => {
  it.each(["a=1&b=2&a=3", "?x=%20+y", "a", "=", "a=%zz&b=%C3%A4", "&&a=b&"])(
    "reads and writes %j as Node does",
    (text) => {
      const ours = new GuestParams(text);
      const theirs = new URLSearchParams(text);
      expect([...ours]).toEqual([...theirs]);
      expect(ours.toString()).toBe(theirs.toString());
      for (const params of [ours, theirs]) {
        params.append("n", "ä~*'()!");
        params.delete("a", "1");
        params.set("b", "x");
        params.sort();
      }
      expect(ours.toString()).toBe(theirs.toString());
      expect([ours.size, ours.has("n"), ours.get("q"), ours.getAll("b")]).toEqual([theirs.size, true, null, ["x"]]);
    },
  );
});

describe("TextEncoder and TextDecoder", () => {
  it.each(["", "abc", "äöü€", "😀👨‍👩‍👧", "a\ud800b", "\ufeffx", "\0"])("agree with Node's on %j", (text) => {
    const bytes = new GuestEncoder().encode(text);
    expect([...bytes]).toEqual([...new TextEncoder().encode(text)]);
    expect(new GuestDecoder().decode(bytes)).toBe(new TextDecoder().decode(bytes));
  });

  it.each([
    [[0xff]],
    [[0xc0, 0x80]],
    [[0xe2, 0x82]],
    [[0xed, 0xa0, 0x80]],
    [[0xf0, 0x9f, 0x41]],
    [[0x80, 0x41]],
    [[0xf5, 1, 2]],
  ])("agree with Node's on the broken bytes %j", (bytes) => {
    const data = Uint8Array.from(bytes);
    expect(new GuestDecoder().decode(data)).toBe(new TextDecoder().decode(data));
    expect(() => new GuestDecoder("utf-8", { fatal: true }).decode(data)).toThrow(TypeError);
  });

  it("decode a character that comes in two parts", () => {
    const decoder = new GuestDecoder();
    expect(decoder.decode(Uint8Array.of(0xe2, 0x82), { stream: true })).toBe("");
    expect(decoder.decode(Uint8Array.of(0xac))).toBe("€");
    expect(() => new GuestDecoder("latin1")).toThrow(RangeError);
  });

  it.each(["", "a", "ab", "abc", "\u00ff\u0000"])("agree with Node on the base64 of %j", (text) => {
    expect(btoa(text)).toBe(Buffer.from(text, "latin1").toString("base64"));
    expect(atob(btoa(text))).toBe(text);
  });
});

describe("structuredClone", () => {
  it("copies what JSON can't, and shares nothing with its source", () => {
    const shared = { a: [1, undefined, null, -0, 1n] };
    const source = {
      shared,
      again: shared,
      bytes: new Uint8Array([1, 2]),
      error: new RangeError("x", { cause: 1 }),
      pattern: /a/gi,
    };
    const copy = guestClone(source);
    expect(copy).toEqual(source);
    expect(copy.shared).toBe(copy.again);
    expect(copy.shared).not.toBe(shared);
    expect(copy.bytes.buffer).not.toBe(source.bytes.buffer);
    expect(copy.error).toBeInstanceOf(RangeError);
  });

  it("refuses functions, symbols and promises", () => {
    for (const value of [() => {}, Symbol("s"), Promise.resolve(), { deep: [() => {}] }]) {
      expect(() => guestClone(value)).toThrow(expect.objectContaining({ name: "DataCloneError" }));
    }
  });
});
