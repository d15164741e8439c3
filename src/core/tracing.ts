/** Spans, as the server and the worker make them. Without an exporter there is no Tracing at all, and nothing is loaded. */

export type SpanAttributes = Record<string, string | number | boolean>;

export interface Span {
  /** W3C traceparent of this span, for its children. */
  readonly traceparent: string;
  /** @param outcome.at ms since 1970, default now. `error` marks it as failed, in words. */
  end(outcome?: { at?: number; error?: string | undefined; attributes?: SpanAttributes }): void;
}

export interface Tracing {
  /**
   * @param parent W3C traceparent; null = a trace of its own.
   * @param start ms since 1970, default now.
   */
  begin(name: string, parent: string | null, attributes: SpanAttributes, start?: number): Span;
  /** Sends what was not sent yet; what the exporter does not take within a few seconds is given up. */
  stop(): Promise<void>;
}
