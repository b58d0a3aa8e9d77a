// Sending traces to a collector, for whoever asks for it: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) of the
// OpenTelemetry specification. Without it nothing is loaded and nothing is sent anywhere.

import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';

export interface Traces {
  /** Sends what is left. */
  close(): Promise<void>;
}

/** Undefined: nobody asked. */
export async function openTraces(version: string): Promise<Traces | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = process.env;
  if ((all ?? own ?? '') === '') return undefined;
  const { BatchSpanProcessor, NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const { OTEL_SERVICE_NAME: name = 'headwater' } = process.env;
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': name, 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return { close: () => provider.shutdown() };
}

/** The id of the trace that is under way; undefined: there is none. */
export function currentTrace(): string | undefined {
  const id = trace.getActiveSpan()?.spanContext().traceId;
  return id === undefined || /^0+$/.test(id) ? undefined : id;
}

/** Runs a request within the trace that its caller names (`traceparent`), as a span of its own. */
export function withinRequest<T>(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  name: string,
  body: () => Promise<T>,
): Promise<T> {
  const from = propagation.extract(ROOT_CONTEXT, headers);
  const tracer = trace.getTracer('headwater');
  return context.with(from, () =>
    tracer.startActiveSpan(name, { kind: SpanKind.SERVER }, async (span) => {
      try {
        return await body();
      } finally {
        span.end();
      }
    }),
  );
}
