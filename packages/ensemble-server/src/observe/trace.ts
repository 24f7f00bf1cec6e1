import type { Attributes } from '@opentelemetry/api';

/** A request's part in a trace. */
export interface Trace {
  end(attributes: Attributes, isError: boolean): void;
}

export interface Tracing {
  /** Begins a span under what the headers (`traceparent`, `tracestate`, `baggage`) say. */
  start(name: string, header: (name: string) => string | undefined, attributes: Attributes): Trace;
}

const NAME = '@snapshot-ensemble/ensemble-server';

/** Tracing through `@opentelemetry/api` if it is installed; who installs it also brings what the spans go to. */
export async function loadTracing(): Promise<Tracing | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  if (api === undefined) return undefined;
  const { context, propagation, SpanKind, SpanStatusCode, trace } = api;
  return {
    start(name, header, attributes) {
      const parent = propagation.extract(context.active(), header, {
        get: (read, key) => read(key),
        keys: () => ['traceparent', 'tracestate', 'baggage'],
      });
      const span = trace
        .getTracer(NAME)
        .startSpan(name, { kind: SpanKind.SERVER, attributes }, parent);
      return {
        end(more, isError) {
          span.setAttributes(more);
          if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
  };
}
