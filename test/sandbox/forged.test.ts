/** What the host makes of posts that no guest of ours would write: the text is all that a hostile VM could choose. */
import { MessageChannel } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createConsoleWriter } from "../../src/sandbox/console-writer.ts";
import { createControl, openControl } from "../../src/sandbox/control.ts";
import type { Post } from "../../src/sandbox/messages.ts";
import { DEFAULT_LIMITS } from "../../src/sandbox/session.ts";
import { createOutbox } from "../../src/sandbox/thread-outbox.ts";

afterEach(() => {
  vi.useRealTimers();
});

function outboxWorld(limits = {}) {
  const posts: Post[] = [];
  const ends: unknown[] = [];
  const fired: number[] = [];
  const { port1, port2 } = new MessageChannel();
  const outbox = createOutbox({
    limits: { ...DEFAULT_LIMITS, ...limits },
    lookups: port2,
    control: openControl(createControl()),
    send: (message) => {
      if (message.type === "posts") posts.push(...message.posts);
    },
    blocked: (wait) => wait(),
    fits: () => true,
    onTimer: (id) => fired.push(id),
    onEnd: (message) => ends.push(message),
  });
  return {
    posts,
    ends,
    fired,
    outbox,
    post(text: string): { code?: string } {
      const answer = outbox.host["post"]!(text);
      outbox.flush();
      return answer === undefined ? {} : (JSON.parse(answer) as { code: string });
    },
    close() {
      outbox.close();
      port1.close();
    },
  };
}

describe("the host's end of a hand-made post", () => {
  it.each([
    ["a number that is a word", "one submit []"],
    ["no number", " submit []"],
    ["a negative number", "-1 submit []"],
    ["a fraction", "1.5 submit []"],
    ["a number too large to count", "1e300 submit []"],
    ["NaN", "NaN timer 1"],
    ["a timer without a number", "0 timer 1"],
  ])("refuses %s", (_what, text) => {
    const world = outboxWorld();
    const answer = world.post(text);
    world.close();
    // Without a number it counts as a message that has no answer, which is taken and means nothing.
    if (text.startsWith(" ")) expect(world.posts).toEqual([[0, "submit", "[]"]]);
    else expect([answer.code, world.posts]).toEqual(["invalid_request", []]);
    expect(world.outbox.idle()).toBe(true);
  });

  it("refuses the number of a call or timer that is open, and takes it again when it is answered", () => {
    const world = outboxWorld();
    expect(world.post("5 entry [1]")).toEqual({});
    expect(world.post("5 entry [2]").code).toBe("invalid_request");
    expect(world.post("5 timer 100000").code).toBe("invalid_request");
    world.outbox.answered([5]);
    expect(world.post("5 timer 100000")).toEqual({});
    expect(world.post("5 entry [3]").code).toBe("invalid_request");
    expect(world.posts).toEqual([[5, "entry", "[1]"]]);
    world.close();
  });

  it("takes any text for what it is: words that mean nothing go no further than a refusal", () => {
    const world = outboxWorld();
    for (const text of [
      "",
      " ",
      "0",
      "7",
      "7 ",
      "\0",
      "8 __proto__ {}",
      "9 constructor x",
      "0 print {",
      "0 print null",
    ]) {
      expect(() => world.post(text)).not.toThrow();
    }
    // The bridge, which gets them next, knows neither.
    expect(world.posts).toContainEqual([8, "__proto__", "{}"]);
    expect(world.posts).toContainEqual([9, "constructor", "x"]);
    world.close();
  });

  it.each([
    ["no JSON", "{", "threw"],
    ["null", "null", "threw"],
    ["an exit code with a meaning of wilco's own", '{"kind":"exit","exitCode":3}', "threw"],
    ["an exit code that is a text", '{"kind":"exit","exitCode":"0"}', "threw"],
    ["an end of another kind", '{"kind":"limit","limit":"memory"}', "threw"],
    ["an end without its failures", '{"kind":"completed"}', "threw"],
    ["an exit code that a script may choose", '{"kind":"exit","exitCode":42}', "exit"],
  ])("reads an end that is %s", (_what, json, kind) => {
    const world = outboxWorld();
    world.post(`0 end ${json}`);
    world.close();
    expect(world.ends).toMatchObject([{ kind }]);
  });

  it("reads an error's code as one of ours or as the script's own", () => {
    const world = outboxWorld();
    const error = { name: "E", message: "m", stack: "s", entry: -1 };
    world.post(`0 end ${JSON.stringify({ kind: "threw", error: { ...error, code: "__proto__" } })}`);
    world.post(`0 end ${JSON.stringify({ kind: "threw", error: { ...error, code: "unreachable" } })}`);
    world.close();
    expect(world.ends).toMatchObject([{ error: { code: "script_failed" } }, { error: { code: "unreachable" } }]);
    expect(world.ends[0]).not.toHaveProperty("error.entry");
  });

  it("fires a timer of 30 days after 30 days, and one of nonsense at once", () => {
    vi.useFakeTimers();
    const world = outboxWorld();
    const days = 86_400_000;
    world.post(`1 timer ${30 * days}`);
    world.post("2 timer {}");
    world.post("3 timer -5");
    vi.advanceTimersByTime(1);
    expect(world.fired).toEqual([2, 3]);
    vi.advanceTimersByTime(29 * days);
    expect(world.fired).toEqual([2, 3]);
    vi.advanceTimersByTime(days);
    expect(world.fired).toEqual([2, 3, 1]);
    world.close();
  });

  it("writes what can't be read as nothing, and what follows as it is", async () => {
    const written: string[] = [];
    const writer = createConsoleWriter({
      sink: (stream, text) => void written.push(`${stream} ${text}`),
      written() {},
    });
    for (const json of ["{", "null", "[]", '{"stream":"__proto__","text":{"length":-1}}', '{"text":"x"}'])
      writer.take(json);
    await writer.flushed();
    expect(written.filter((line) => line !== "stdout ")).toEqual(["stdout x"]);
  });
});
