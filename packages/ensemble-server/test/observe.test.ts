import { connect } from 'node:net';
import { propagation, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve, type LogEntry, type RunningServer } from '../src/index.ts';
import { post, tiny, x } from './helpers.ts';

const exporter = new InMemorySpanExporter();
const entries: LogEntry[] = [];
let server: RunningServer;
beforeAll(async () => {
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  server = await serve({ bundles: { tiny }, port: 0, onLog: (entry) => entries.push(entry) });
});
afterAll(() => server.close());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, 'X-Request-Id': 'seven' };

/** The log is written once the answer is out, which the client may see first. */
async function logged(status: number): Promise<LogEntry> {
  for (;;) {
    const entry = entries.find((candidate) => candidate.status === status);
    if (entry !== undefined) return entry;
    await new Promise(setImmediate);
  }
}

describe('a request', () => {
  it('is a span under the trace of its client, and a line in the log', async () => {
    await (await post(server, { inputs: [x()] }, headers)).text();
    expect(await logged(200)).toMatchObject({
      level: 'info',
      requestId: 'seven',
      traceId,
      transport: 'http',
      path: '/v2/models/tiny/infer',
      code: 'ok',
      model: 'tiny',
      version: '1',
    });
    const [span] = exporter.getFinishedSpans();
    expect(span?.spanContext().traceId).toBe(traceId);
    expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
    expect(span?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'model.name': 'tiny',
      'model.rows': 5,
    });
  });

  it('that is refused is logged with its code, and counted', async () => {
    await post(server, '{', headers);
    expect(await logged(400)).toMatchObject({ level: 'warn', code: 'invalid-request' });
    await fetch(`${server.url}/nope`);
    expect(await logged(404)).toMatchObject({ code: 'not-found' });
    await new Promise((resolve) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('close', resolve).resume().write('no HTTP at all\r\n\r\n');
    });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(
      /responses_total\{[^}]*route="",status="400",code="invalid-request"\} 1/,
    );
    expect(metrics).toMatch(
      /snapshot_ensemble_responses_total\{transport="http",route="\/v2\/models\/:model\/infer",status="400",code="invalid-request"\} 1/,
    );
    expect(metrics).toMatch(/responses_total\{[^}]*status="404",code="not-found"\} 1/);
    expect(metrics).toMatch(/nv_inference_request_failure\{[^}]*reason="OTHER"\} 1/);
    for (const name of [
      'snapshot_ensemble_request_duration_seconds_bucket',
      'snapshot_ensemble_members_used_bucket',
      'snapshot_ensemble_predictive_entropy_bucket',
      'snapshot_ensemble_queue_rows',
      'nodejs_eventloop_lag_seconds',
      'process_resident_memory_bytes',
    ])
      expect(metrics).toContain(name);
  });
});

describe('logLevel', () => {
  it('keeps from the log what is less severe, and refuses a level that does not exist', async () => {
    const kept: LogEntry[] = [];
    const options = { bundles: { tiny }, port: 0, onLog: (entry: LogEntry) => kept.push(entry) };
    await using quiet = await serve({ ...options, logLevel: 'warn' });
    await (await post(quiet, { inputs: [x()] })).text();
    await (await post(quiet, { inputs: [] })).text();
    while (kept.length === 0) await new Promise(setImmediate);
    expect(kept.map(({ level, status }) => [level, status])).toEqual([['warn', 400]]);
    await expect(serve({ ...options, logLevel: 'loud' as never })).rejects.toThrow(
      'logLevel is "loud". Use one of: info, warn, error.',
    );
  });
});
