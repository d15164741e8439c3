import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { expect, it } from "vitest";
import { toldExporter } from "../../src/telemetry/told-exporter.ts";

it("an endpoint that takes no spans is told once, and once that it takes them again", () => {
  const lines: unknown[] = [];
  const said = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message]);
  let away = false;
  const inner: SpanExporter = {
    export: (_spans, done) => done(away ? { code: 1, error: new Error("connect ECONNREFUSED") } : { code: 0 }),
    shutdown: async () => {},
  };
  const exporter = toldExporter(inner, { info: said("info"), warn: said("warn") });
  const codes: number[] = [];
  for (away of [false, true, true, false, false]) {
    exporter.export([{}, {}] as ReadableSpan[], ({ code }) => codes.push(code));
  }
  expect(codes).toEqual([0, 1, 1, 0, 0]);
  expect(lines).toEqual([
    ["warn", { error: "connect ECONNREFUSED" }, expect.stringContaining("are lost")],
    ["info", { lost: 4 }, "spans are taken again"],
  ]);
});
