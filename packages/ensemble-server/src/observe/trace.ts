import type { Attributes } from '@opentelemetry/api';

/** A request's part in a trace. */
export interface Trace {
  end(attributes: Attributes, isError: boolean): void;
}

export interface Tracing {
  /**
   * Begins a span under what the headers (`traceparent`, `tracestate`, `baggage`) say. Undefined while nobody has said where spans go to: they
   * would be dropped, at a price.
   */
  start(
    name: string,
    header: (name: string) => string | undefined,
    attributes: Attributes,
  ): Trace | undefined;
}

const NAME = '@snapshot-ensemble/ensemble-server';

/** Tracing through `@opentelemetry/api` if it is installed; who installs it also brings what the spans go to. */
export async function loadTracing(): Promise<Tracing | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  if (api === undefined) return undefined;
  const { context, propagation, ProxyTracerProvider, SpanKind, SpanStatusCode, trace } = api;
  let isOn = false;
  const hasProvider = (): boolean => {
    const provider = trace.getTracerProvider();
    return (
      !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(NAME) !== undefined
    );
  };
  return {
    start(name, header, attributes) {
      if (!(isOn ||= hasProvider())) return undefined;
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
