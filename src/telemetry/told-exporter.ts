/** An exporter whose failures are said in the log, once when they begin and once when they end. */
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { messageOf } from "../core/errors.ts";

/** What is needed of a logger. */
export interface ExportLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export function toldExporter(exporter: SpanExporter, log: ExportLog): SpanExporter {
  let lost = 0;
  return {
    export: (spans: ReadableSpan[], done) =>
      exporter.export(spans, (result) => {
        // 0 = taken, in the terms of OpenTelemetry.
        if (result.code === 0) {
          if (lost > 0) log.info({ lost }, "spans are taken again");
          lost = 0;
        } else {
          const error = messageOf(result.error ?? "no reason given");
          if (lost === 0) log.warn({ error }, "spans are not taken where OTEL_EXPORTER_OTLP_… points, and are lost");
          lost += spans.length;
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}
