/** Spans of a real server and a real worker process, as a small OTLP receiver gets them. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { emptyWorld } from "../cli/world.ts";

interface SpanRecord {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: Array<{ key: string; value: { intValue?: number | string; stringValue?: string } }>;
  status?: { code?: number };
  service: string;
}

/** Keeps what is posted to /v1/traces; `until` waits for what satisfies it. */
async function receiver() {
  const spans: SpanRecord[] = [];
  let arrived: () => void = () => {};
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => (text += String(part)));
    request.on("end", () => {
      const { resourceSpans } = JSON.parse(text) as {
        resourceSpans: Array<{
          resource: { attributes: Array<{ key: string; value: { stringValue?: string } }> };
          scopeSpans: Array<{ spans: Array<Omit<SpanRecord, "service">> }>;
        }>;
      };
      for (const { resource, scopeSpans } of resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
        for (const scope of scopeSpans) for (const span of scope.spans) spans.push({ ...span, service });
      }
      response.end("{}");
      arrived();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    async until(enough: () => boolean): Promise<void> {
      while (!enough()) await new Promise<void>((resolve) => (arrived = resolve));
    },
  };
}

it("makes one trace of submit, claim, run and finish, over server and worker", { timeout: 90_000 }, async () => {
  const { endpoint, spans, until } = await receiver();
  const world = emptyWorld();
  onTestFinished(() => world.stop());
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_BSP_SCHEDULE_DELAY: "50" };
  const server = world.start(["server", "--port", "0", "--no-worker"], { env });
  const [url] = await server.line(/^http:\/\/127\.0\.0\.1:\d+$/);
  const applied = await world.run(["apply", world.file("i.yaml", "resources: { one: { type: host, worker: w1 } }")]);
  expect(applied.code).toBe(0);
  const { stdout: token } = await world.run(["tokens", "create", "w", "--role", "worker", "--quiet"]);
  const worker = world.start(
    ["worker", "--server", url, "--token-file", world.file("w.token", token), "--name", "w1"],
    { env },
  );
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const ran = await world.run(["exec", "one", "run", "--", "false"], {
    env: { TRACEPARENT: `00-${trace}-b7ad6b7169203331-01` },
  });
  expect(ran.code).toBe(1);
  await until(() => spans.filter((span) => span.traceId === trace).length >= 4);

  const ours = spans.filter((span) => span.traceId === trace);
  const byName = new Map(ours.map((span) => [span.name, span]));
  expect([...byName.keys()].toSorted()).toEqual(["claim", "finish", "run", "submit"]);
  const submit = byName.get("submit")!;
  expect(submit.parentSpanId).toBe("b7ad6b7169203331");
  for (const name of ["claim", "run", "finish"])
    expect([name, byName.get(name)!.parentSpanId]).toEqual([name, submit.spanId]);
  expect(ours.map(({ name, service }) => `${name} ${service}`).toSorted()).toEqual([
    "claim wilco-server",
    "finish wilco-server",
    "run wilco-worker",
    "submit wilco-server",
  ]);
  const failed = ours.filter((span) => span.status?.code === 2).map(({ name }) => name);
  expect(failed.toSorted()).toEqual(["finish", "run"]);
  const entryOf = (span: SpanRecord) =>
    Number(span.attributes.find(({ key }) => key === "wilco.entry")?.value.intValue);
  expect(ours.map(entryOf)).toEqual([1, 1, 1, 1]);
  worker.kill("SIGTERM");
  server.kill("SIGTERM");
  expect([(await worker.ended).code, (await server.ended).code]).toEqual([0, 0]);
});
