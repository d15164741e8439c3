import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, vi } from "vitest";
import type { Entry, EntryEvent } from "../../src/domain/entry.ts";
import { formatEntryIds, parseEntryIds } from "../../src/cli/numbers.ts";
import { printList } from "../../src/cli/output/documents.ts";
import { sentence } from "../../src/cli/output/error-text.ts";
import { createOperationOutput } from "../../src/cli/output/operation-output.ts";
import { createOutput, type OutputFormat } from "../../src/cli/output/output.ts";
import { formatEvent } from "../../src/cli/output/entry-text.ts";
import { formatCard, formatTable } from "../../src/cli/output/table.ts";

type Stream = PassThrough & { isTTY?: boolean; columns?: number };

async function outputTo(
  options: { format?: OutputFormat; tty?: boolean; env?: Record<string, string>; quiet?: boolean } = {},
) {
  const streams: { stdout: Stream; stderr: Stream } = { stdout: new PassThrough(), stderr: new PassThrough() };
  if (options.tty === true)
    for (const stream of Object.values(streams)) Object.assign(stream, { isTTY: true, columns: 60 });
  const output = await createOutput({
    ...streams,
    env: options.env ?? {},
    format: options.format ?? "table",
    quiet: options.quiet ?? false,
    verbose: false,
    utc: true,
  });
  const text = (stream: Stream) => (stream.read() as Buffer | null)?.toString() ?? "";
  return { output, streams, stdout: () => text(streams.stdout), stderr: () => text(streams.stderr) };
}

describe("tables", () => {
  const columns = [
    { title: "name", cell: (row: { name: string; text: string }) => row.name },
    { title: "text", cell: (row: { name: string; text: string }) => row.text },
  ];

  it("are as wide as their content when nobody limits them", () => {
    expect(formatTable([{ name: "a", text: "x".repeat(200) }], columns, Infinity)).toContain("x".repeat(200));
  });

  it("fit a terminal by cutting the widest column", () => {
    const text = formatTable([{ name: "web-1", text: "x".repeat(200) }], columns, 40);
    for (const line of text.trimEnd().split("\n")) expect(line.length).toBeLessThanOrEqual(40);
    expect(text).toContain("web-1");
    expect(text).toContain("…");
  });

  it("cut no cell whose part would say nothing, and leave out what is spared first", () => {
    const row = { name: "web-1", status: "succeeded", time: "2026-11-21 18:30:00", text: "words of an error" };
    const cell = (key: keyof typeof row) => ({ title: key, cell: (one: typeof row) => one[key] });
    const wide = [
      { ...cell("name"), least: 12 },
      { ...cell("status"), least: Infinity },
      { ...cell("time"), least: Infinity, spare: 1 },
      { ...cell("text"), spare: 2 },
    ];
    const shown = (width: number) => formatTable([row], wide, width).split("\n")[1];
    expect(shown(80)).toBe("web-1  succeeded  2026-11-21 18:30:00  words of an error");
    expect(shown(50)).toBe("web-1  succeeded  2026-11-21 18:30:00  words of a…");
    expect(shown(40)).toBe("web-1  succeeded  2026-11-21 18:30:00");
    expect(shown(30)).toBe("web-1  succeeded");
  });

  it("let a cell go on in further lines when its column says so", () => {
    const rows = [{ name: "a", text: "one two three" }];
    const text = formatTable(rows, [columns[0]!, { ...columns[1]!, least: 4, wrap: true }], 14);
    expect(text).toBe("NAME  TEXT\na     one two\n      three\n");
  });

  it("let no escape sequence or line break of a cell through", () => {
    const text = formatTable([{ name: "\u001b[31mred\u001b[0m", text: "one\ntwo\u0007" }], columns, Infinity);
    expect(text).toContain("red");
    expect(text).not.toMatch(/\u001b|\u0007/);
    expect(text.trimEnd().split("\n")).toHaveLength(2);
  });
});

describe("cards", () => {
  it("put what does not fit below itself, and break no word", () => {
    const fields = [
      ["id", "7"],
      ["error", `it said \u001b[31mno\u001b[39m and ${"x".repeat(30)} then`],
    ] as const;
    expect(stripVTControlCharacters(formatCard(fields, 24))).toBe(
      `id     7\nerror  it said no and\n       ${"x".repeat(30)}\n       then\n`,
    );
    expect(formatCard(fields).split("\n")).toHaveLength(3);
  });
});

describe("events", () => {
  it("show an error as its sentence, not as JSON", () => {
    const error = {
      code: "exit_code",
      message: "sh exited with code 3",
      source: "operation",
      details: { exitCode: 3 },
    };
    const event: EntryEvent = {
      seq: 4,
      at: "2026-11-21T18:30:00.000Z",
      type: "finished",
      attempt: 1,
      data: { status: "failed", error },
    };
    expect(formatEvent(event, true)).toBe(
      "18:30:00.000Z    4  finished          status=failed  error=sh exited with code 3 (exit_code)",
    );
  });
});

describe("output", () => {
  it("has no colours and no live line when nobody is there", async () => {
    const { output, stderr } = await outputTo();
    output.live.show(() => "waiting");
    expect(output.paint.red("x")).toBe("x");
    expect(output.interactive).toBe(false);
    expect(stderr()).toBe("");
  });

  it("has colours wherever FORCE_COLOR asks for them, but no live line there", async () => {
    const forced = (value: string) => outputTo({ env: { CI: "true", NO_COLOR: "1", FORCE_COLOR: value } });
    const { output } = await forced("1");
    expect([output.paint.red("x"), output.paintErr.red("x")]).not.toContain("x");
    expect(output.interactive).toBe(false);
    for (const off of ["", "0", "false"]) expect((await forced(off)).output.paint.red("x")).toBe("x");
  });

  it("has colours on a terminal, but not in CI and not with NO_COLOR", async () => {
    expect((await outputTo({ tty: true })).output.paint.red("x")).not.toBe("x");
    expect((await outputTo({ tty: true, env: { NO_COLOR: "1" } })).output.paint.red("x")).toBe("x");
    const inCi = (await outputTo({ tty: true, env: { CI: "true" } })).output;
    expect(inCi.paint.red("x")).toBe("x");
    expect(inCi.interactive).toBe(false);
  });

  it("redraws a live line on a terminal, but never over an unfinished line of output", async () => {
    const { output, streams } = await outputTo({ tty: true });
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const drawn = () => {
        vi.advanceTimersByTime(1_000);
        return (streams.stderr.read() as Buffer | null)?.toString() ?? "";
      };
      output.live.show(() => "waiting");
      expect(drawn()).toContain("waiting");
      output.write("half a li");
      expect(drawn()).not.toContain("waiting");
      output.write("ne\n");
      expect(drawn()).toContain("waiting");
      output.live.stop();
    } finally {
      vi.useRealTimers();
    }
  });

  it("keeps notices to itself with --quiet, but not warnings", async () => {
    const { output, stderr } = await outputTo({ quiet: true });
    output.notice("by the way");
    output.warn("take care");
    expect(stderr()).toBe("take care\n");
  });

  it.each<[OutputFormat, string]>([
    ["json", '[\n  {\n    "name": "a"\n  },\n  {\n    "name": "b"\n  }\n]\n'],
    ["jsonl", '{"name":"a"}\n{"name":"b"}\n'],
    ["yaml", "- name: a\n- name: b\n"],
    ["table", "NAME\na\nb\n"],
  ])("prints a list as %s", async (format, expected) => {
    const { output, stdout } = await outputTo({ format });
    await printList(output, [{ name: "a" }, { name: "b" }], [{ title: "name", cell: (row) => row.name }], "none");
    expect(stdout()).toBe(expected);
  });

  it("prints an empty list as JSON too, and tells a person otherwise", async () => {
    const json = await outputTo({ format: "json" });
    await printList(json.output, [], [], "none");
    expect(json.stdout()).toBe("[]\n");
    const table = await outputTo();
    await printList(table.output, [], [], "There are none.");
    expect(table.stdout()).toBe("");
    expect(table.stderr()).toBe("There are none.\n");
  });
});

describe("output of operations", () => {
  const entry = (id: number, name: string) => ({ id, resource: { id, name, type: "t" } }) as Entry;
  const output = (text: string, stream = "stdout"): EntryEvent => ({
    seq: 1,
    at: "2026-11-21T18:37:05.123Z",
    type: "output",
    attempt: 1,
    data: { stream, text },
  });

  it("is bare for one resource, byte by byte as it came", async () => {
    const to = await outputTo();
    const operations = createOperationOutput({ output: to.output, prefixed: false, names: ["web-1"] });
    operations.take(entry(1, "web-1"), output("half a li"));
    operations.take(entry(1, "web-1"), output("ne\n"));
    operations.take(entry(1, "web-1"), output("problem\n", "stderr"));
    expect(to.stdout()).toBe("half a line\n");
    expect(to.stderr()).toBe("problem\n");
  });

  it("has each line behind its resource for many, never two lines mixed", async () => {
    const to = await outputTo();
    const operations = createOperationOutput({ output: to.output, prefixed: true, names: ["web-1", "db"] });
    operations.take(entry(1, "web-1"), output("one "));
    operations.take(entry(2, "db"), output("two\nthree"));
    operations.take(entry(1, "web-1"), output("line\n"));
    operations.end();
    expect(to.stdout()).toBe("db    | two\nweb-1 | one line\ndb    | three\n");
  });

  it("leaves stdout to the document with JSON", async () => {
    const to = await outputTo({ format: "json" });
    createOperationOutput({ output: to.output, prefixed: false, names: ["web-1"] }).take(
      entry(1, "web-1"),
      output("x\n"),
    );
    expect(to.stdout()).toBe("");
    expect(to.stderr()).toBe("x\n");
  });

  it("keeps bytes that are no text", async () => {
    const to = await outputTo();
    const event = output("");
    const bytes = Buffer.from([0xff, 0x00, 0x0a]);
    event.data = { stream: "stdout", base64: bytes.toString("base64") };
    createOperationOutput({ output: to.output, prefixed: false, names: [] }).take(entry(1, "web-1"), event);
    expect(to.streams.stdout.read()).toEqual(bytes);
  });
});

describe("sentences and ids", () => {
  it("end with one full stop", () => {
    expect(sentence("it failed")).toBe("it failed.");
    expect(sentence('Did you mean "restart"?')).toBe('Did you mean "restart"?');
    expect(sentence("web-1 is not up")).toBe("web-1 is not up.");
    expect(sentence("See (entry 4)")).toBe("See (entry 4).");
  });

  it("of entries are written as ranges that are read back", () => {
    const ids = [14, 20, 21, 22, 30];
    expect(formatEntryIds(ids)).toBe("14 20-22 30");
    expect(parseEntryIds(formatEntryIds(ids).split(" "))).toEqual(ids);
    expect(() => parseEntryIds(["1-99999999"])).toThrow(/more than/);
  });
});
