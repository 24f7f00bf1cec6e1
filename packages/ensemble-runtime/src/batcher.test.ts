import { fc, test } from '@fast-check/vitest';
import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { describe, expect, it } from 'vitest';
import { createBatcher, type Batcher } from './batcher.ts';
import type { Run, RunResult } from './messages.ts';
import { bytesOf } from './tensor.ts';
import { createRecorder, type Recorder } from './stats.ts';

const manifest = {
  name: 'm',
  inputs: [{ name: 'x', dtype: 'int32', shape: [null, 2] }],
  outputs: [
    { name: 'y', dtype: 'int32', shape: [null, 2], role: 'prediction', of: 'y' },
    { name: 'sum', dtype: 'int32', shape: [null, 1], role: 'variance', of: 'y' },
  ],
} as unknown as BundleManifest;

/** What the graph would answer: y = x, sum = the row's sum. */
function compute({ feeds, outputs }: Run): RunResult {
  const x = feeds[0]!.data as Int32Array;
  const rows = feeds[0]!.dims[0]!;
  const sum = Int32Array.from({ length: rows }, (_, row) => x[2 * row]! + x[2 * row + 1]!);
  const all = { y: { data: x, dims: [rows, 2] }, sum: { data: sum, dims: [rows, 1] } };
  return {
    outputs: Object.fromEntries(outputs.map((name) => [name, all[name as 'y' | 'sum']])),
    runMs: 1,
  };
}

interface Running {
  readonly run: Run;
  readonly rows: number;
  finish(): void;
  fail(error: Error): void;
}

/** A batcher on lanes that answer only when told to. */
function manual(options: { maxBatchRows?: number; maxQueueRows?: number; lanes?: number } = {}): {
  readonly batcher: Batcher;
  readonly recorder: Recorder;
  readonly running: Running[];
} {
  const running: Running[] = [];
  const lane = {
    run: (run: Run) =>
      new Promise<RunResult>((resolve, reject) => {
        running.push({
          run,
          rows: run.feeds[0]!.dims[0]!,
          finish: () => {
            resolve(compute(run));
          },
          fail: reject,
        });
      }),
  };
  const recorder = createRecorder();
  const batcher = createBatcher({
    manifest,
    lanes: Array.from({ length: options.lanes ?? 1 }, () => ({ ...lane })),
    maxBatchRows: options.maxBatchRows ?? 4,
    maxQueueRows: options.maxQueueRows ?? 100,
    recorder,
    now: () => 0,
  });
  return { batcher, recorder, running };
}

const request = (first: number, rows = 1) => ({
  rows,
  data: [bytesOf(Int32Array.from({ length: 2 * rows }, (_, index) => first + index))],
});
const oneRow = { name: 'x', dtype: 'int32', data: new Int32Array(2), dims: [1, 2] } as const;
const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createBatcher', () => {
  it('runs a request at once, and puts together what came meanwhile', async () => {
    const { batcher, recorder, running } = manual();
    const answers = [1, 10, 20, 30].map((x) => batcher.submit(request(x), ['y'], undefined));
    expect(running.map(({ rows }) => rows)).toEqual([1]);
    running[0]!.finish();
    await flush();
    expect(running.map(({ rows }) => rows)).toEqual([1, 3]);
    running[1]!.finish();
    const data = (await Promise.all(answers)).map(({ y }) => [...y!.data]);
    expect(data).toEqual([
      [1, 2],
      [10, 11],
      [20, 21],
      [30, 31],
    ]);
    expect(recorder.read(batcher.waiting())).toMatchObject({ succeeded: 4, rows: 4, batches: 2 });
  });

  it('runs on every free lane', async () => {
    const { batcher, running } = manual({ lanes: 2, maxBatchRows: 2 });
    const answer = batcher.submit(request(0, 5), ['y'], undefined);
    expect(running.map(({ rows }) => rows)).toEqual([2, 2]);
    running[1]!.finish();
    await flush();
    running[2]!.finish();
    running[0]!.finish();
    expect([...(await answer)['y']!.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('computes only the outputs that somebody asked for', async () => {
    const { batcher, running } = manual();
    void batcher.submit(request(0), ['sum'], undefined);
    const both = [['y'], ['y', 'sum']].map((outputs) =>
      batcher.submit(request(5), outputs, undefined),
    );
    expect(running[0]!.run.outputs).toEqual(['sum']);
    running[0]!.finish();
    await flush();
    expect(running[1]!.run.outputs).toEqual(['y', 'sum']);
    running[1]!.finish();
    expect((await Promise.all(both)).map((answer) => Object.keys(answer))).toEqual([
      ['y'],
      ['y', 'sum'],
    ]);
  });

  it('leaves the arrays of its callers alone', async () => {
    const { batcher, running } = manual();
    const inputs = request(7);
    const answer = batcher.submit(inputs, ['y'], undefined);
    (running[0]!.run.feeds[0]!.data as Int32Array).fill(0);
    expect([...inputs.data[0]!]).toEqual([7, 0, 0, 0, 8, 0, 0, 0]);
    running[0]!.finish();
    await answer;
  });

  it('refuses what does not fit the queue, but never a request that waits alone', async () => {
    const { batcher, recorder, running } = manual({ maxQueueRows: 3, maxBatchRows: 1 });
    void batcher.submit(request(0), ['y'], undefined);
    void batcher.submit(request(0, 9), ['y'], undefined);
    await expect(batcher.submit(request(0), ['y'], undefined)).rejects.toMatchObject({
      code: 'overloaded',
      message: 'Ensemble "m" is busy: 9 rows wait and 1 came, maxQueueRows is 3. Try again later.',
    });
    expect(running).toHaveLength(1);
    expect(recorder.read(batcher.waiting())).toMatchObject({
      failed: { rejected: 1 },
      pendingRequests: 2,
      queuedRows: 9,
    });
  });

  it('drops an aborted request from the queue', async () => {
    const { batcher, recorder, running } = manual({ maxBatchRows: 1 });
    const first = batcher.submit(request(0), ['y'], undefined);
    const controller = new AbortController();
    const dropped = batcher.submit(request(1), ['y'], controller.signal);
    const last = batcher.submit(request(2), ['y'], undefined);
    controller.abort(new Error('gone'));
    await expect(dropped).rejects.toMatchObject({ code: 'aborted', cause: { message: 'gone' } });
    expect(batcher.waiting()).toEqual({ pendingRequests: 2, queuedRows: 1 });
    running[0]!.finish();
    await flush();
    running[1]!.finish();
    await Promise.all([first, last]);
    expect(running).toHaveLength(2);
    expect(recorder.read(batcher.waiting()).failed.canceled).toBe(1);
  });

  it('stops a request between its batches, and does not wait for one that runs', async () => {
    const { batcher, running } = manual({ maxBatchRows: 1 });
    const controller = new AbortController();
    const answer = batcher.submit(request(0, 3), ['y'], controller.signal);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    const drained = batcher.drain();
    running[0]!.finish();
    await drained;
    await flush();
    expect(running).toHaveLength(1);
  });

  it('refuses a signal that is aborted already', async () => {
    const { batcher, running } = manual();
    const answer = batcher.submit(request(0), ['y'], AbortSignal.abort(new Error('late')));
    await expect(answer).rejects.toMatchObject({ code: 'aborted', cause: { message: 'late' } });
    expect(running).toHaveLength(0);
  });

  it('fails the requests of a batch that failed, and no other', async () => {
    const { batcher, recorder, running } = manual();
    const failing = batcher.submit(request(0), ['y'], undefined);
    const next = batcher.submit(request(3), ['y'], undefined);
    running[0]!.fail(new Error('no memory'));
    await expect(failing).rejects.toThrow('no memory');
    await flush();
    running[1]!.finish();
    expect([...(await next)['y']!.data]).toEqual([3, 4]);
    expect(recorder.read(batcher.waiting())).toMatchObject({
      succeeded: 1,
      failed: { backend: 1 },
    });
  });

  it('refuses an output that has not a row for each row that went in', async () => {
    const batcher = createBatcher({
      manifest,
      lanes: [{ run: (run) => Promise.resolve(compute({ ...run, feeds: [oneRow] })) }],
      maxBatchRows: 4,
      maxQueueRows: 4,
      recorder: createRecorder(),
      now: () => 0,
    });
    await expect(batcher.submit(request(0, 2), ['y'], undefined)).rejects.toMatchObject({
      code: 'wrong-graph',
    });
  });

  it('answers what it accepted before it is drained, and refuses what comes after', async () => {
    const { batcher, running } = manual({ maxBatchRows: 1 });
    const answers = [1, 2].map((x) => batcher.submit(request(x), ['y'], undefined));
    let isDrained = false;
    const drained = batcher.drain().then(() => (isDrained = true));
    await expect(batcher.submit(request(3), ['y'], undefined)).rejects.toMatchObject({
      code: 'closed',
    });
    running[0]!.finish();
    await flush();
    expect(isDrained).toBe(false);
    running[1]!.finish();
    await Promise.all([...answers, drained]);
  });

  test.prop([
    fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 1, max: 7 }),
    fc.integer({ min: 1, max: 3 }),
  ])(
    'gives each request its own rows, however they are cut',
    async (sizes, maxBatchRows, lanes) => {
      const recorder = createRecorder();
      let widest = 0;
      const lane = {
        run: async (run: Run) => {
          widest = Math.max(widest, run.feeds[0]!.dims[0]!);
          await Promise.resolve();
          return compute(run);
        },
      };
      const batcher = createBatcher({
        manifest,
        lanes: Array.from({ length: lanes }, () => lane),
        maxBatchRows,
        maxQueueRows: 1000,
        recorder,
        now: () => 0,
      });
      const requests = sizes.map((rows, index) => request(1000 * index, rows));
      const answers = await Promise.all(
        requests.map((inputs) => batcher.submit(inputs, ['y', 'sum'], undefined)),
      );
      answers.forEach(({ y, sum }, index) => {
        const { rows, data } = requests[index]!;
        expect(y).toMatchObject({ dtype: 'int32', dims: [rows, 2] });
        expect(bytesOf(y!.data)).toEqual(data[0]);
        const sums = Array.from({ length: rows }, (_, row) => 2000 * index + 4 * row + 1);
        expect([...sum!.data]).toEqual(sums);
      });
      expect(widest).toBeLessThanOrEqual(maxBatchRows);
      expect(recorder.read(batcher.waiting())).toMatchObject({
        succeeded: sizes.length,
        pendingRequests: 0,
        queuedRows: 0,
      });
    },
  );
});
