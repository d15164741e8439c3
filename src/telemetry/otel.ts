/**
 * Spans through OpenTelemetry, to the endpoint that OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) names; headers,
 * time-outs and the rest of the exporter by its own variables. Loaded only where one of them is set.
 */
import { ROOT_CONTEXT, SpanStatusCode, trace, type Context } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { readTraceparent } from "../core/trace-context.ts";
import type { Tracing } from "../core/tracing.ts";
import { toldExporter, type ExportLog } from "./told-exporter.ts";

/** How long a stop waits for the exporter, ms. */
const LAST_WORDS = 3_000;

/** @param options.service "wilco-server" or "wilco-worker", unless OTEL_SERVICE_NAME says otherwise; `instance`: which. */
export function createTracing(options: {
  service: string;
  version: string;
  instance: string;
  log: ExportLog;
}): Tracing {
  const name = process.env["OTEL_SERVICE_NAME"];
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        "service.name": name === undefined || name === "" ? options.service : name,
        "service.version": options.version,
        "service.instance.id": options.instance,
      }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter: toldExporter(new OTLPTraceExporter(), options.log) })],
  });
  const tracer = provider.getTracer("wilco", options.version);
  return {
    begin(spanName, parent, attributes, start) {
      const span = tracer.startSpan(
        spanName,
        { attributes, ...(start === undefined ? {} : { startTime: new Date(start) }) },
        contextOf(parent),
      );
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`,
        end({ at, error, attributes: more } = {}) {
          if (more) span.setAttributes(more);
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end(at === undefined ? undefined : new Date(at));
        },
      };
    },
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LAST_WORDS)));
      // An exporter that is away must not hold up a stop, nor make it fail: the spans are lost then.
      await Promise.race([provider.shutdown().catch(() => {}), late]);
      clearTimeout(timer);
    },
  };
}

function contextOf(parent: string | null): Context {
  const [, traceId, spanId, flags] = readTraceparent(parent)?.split("-") ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}
