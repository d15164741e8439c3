/** OpenTelemetry, when an exporter is configured; otherwise nothing of it is even loaded. */
import type { Logger } from "pino";
import type { Tracing } from "../../core/tracing.ts";
import type { Environment } from "../context.ts";
import { readVersion } from "../version.ts";

/** @returns null without OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. */
export async function openTracing(
  env: Environment,
  service: string,
  instance: string,
  log: Logger,
): Promise<Tracing | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces } = env;
  if ((all ?? "") === "" && (traces ?? "") === "") return null;
  if (env["OTEL_SDK_DISABLED"] === "true") return null;
  const { createTracing } = await import("../../telemetry/otel.ts");
  return createTracing({ service, version: readVersion(), instance, log });
}
