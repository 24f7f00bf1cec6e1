import { fc, test } from '@fast-check/vitest';
import type { BundleManifest } from '@snapshot-ensemble/ensemble-bundle';
import { describe, expect, it } from 'vitest';
import { gate } from '../cores/gate.ts';
import { InferenceError } from '../errors.ts';
import type { Batch, BatchResult } from '../executor/port.ts';
import type { Turn } from '../executor/supervisor.ts';
import { createRecorder, type Recorder, type WorkerState } from '../stats.ts';
import { bytesOf } from '../tensor.ts';
import type { ValidInputs } from '../validate.ts';
import { planOf } from './plan-of.ts';
import { createScheduler, type Scheduler, type SchedulerOptions } from './scheduler.ts';

const manifest = {
  name: 'm',
  members: [{}, {}],
  form: 'fused',
  graph: 'g',
  inputs: [{ name: 'x', dtype: 'int32', shape: [null, 2] }],
  outputs: [
    { name: 'y', dtype: 'int32', shape: [null, 2], role: 'prediction', of: 'y' },
    { name: 'sum', dtype: 'int32', shape: [null, 1], role: 'variance', of: 'y' },
  ],
} as unknown as BundleManifest;

function inputOf({ feeds }: Batch): Int32Array {
  return new Int32Array(new Uint8Array(Buffer.concat(feeds[0]!.parts)).buffer);
}

/** What the graph would answer: y = x, sum = the row's sum. */
function compute(batch: Batch): BatchResult {
  const x = inputOf(batch);
  const { rows } = batch;
  const sum = Int32Array.from({ length: rows }, (_, row) => x[2 * row]! + x[2 * row + 1]!);
  const dtype = 'int32' as const;
  const all = {
    y: { dtype, data: x, dims: [rows, 2] },
    sum: { dtype, data: sum, dims: [rows, 1] },
  };
  return {
    outputs: Object.fromEntries(batch.outputs.map((name) => [name, all[name as 'y' | 'sum']])),
    nonFinite: { inputs: [], outputs: {} },
    runMs: 1,
  };
}

type Run = (batch: Batch) => Promise<BatchResult>;

/** A lane that is always ready unless told otherwise. */
function laneOf(run: Run) {
  const turns = gate(1);
  const lane = {
    current: 'ready' as WorkerState,
    state: () => lane.current,
    failure: () => new Error('disk is gone.'),
    reserve(start: (turn: Turn) => void) {
      turns.take(1, (release) => {
        start({ release, run, isReady: () => lane.current === 'ready' });
      });
    },
  };
  return lane;
}

function schedule(
  runs: readonly Run[],
  options: Partial<SchedulerOptions> = {},
): { scheduler: Scheduler; recorder: Recorder; lanes: readonly ReturnType<typeof laneOf>[] } {
  const recorder = createRecorder();
  const lanes = runs.map(laneOf);
  const scheduler = createScheduler({
    manifest,
    plan: planOf(manifest, 'policy'),
    lanes,
    threads: 1,
    cores: gate(99),
    maxBatchRows: 4,
    maxHeldBytes: 100_000,
    recorder,
    now: () => 0,
    later: () => () => undefined,
    defer: queueMicrotask,
    // Each request in a turn of the event loop of its own.
    gather: (act) => {
      act();
    },
    stayAlive: () => () => undefined,
    ...options,
  });
  return { scheduler, recorder, lanes };
}

interface Running {
  readonly batch: Batch;
  readonly rows: number;
  finish(): void;
  fail(error: Error): void;
}

/** A scheduler on lanes that answer only when told to. */
function manual(options: Partial<SchedulerOptions> = {}, lanes = 1) {
  const running: Running[] = [];
  const run: Run = (batch) =>
    new Promise((resolve, reject) => {
      running.push({
        batch,
        rows: batch.rows,
        finish: () => {
          resolve(compute(batch));
        },
        fail: reject,
      });
    });
  return {
    ...schedule(
      Array.from({ length: lanes }, () => run),
      options,
    ),
    running,
  };
}

const request = (first: number, rows = 1): ValidInputs => ({
  rows,
  data: [bytesOf(Int32Array.from({ length: 2 * rows }, (_, index) => first + index))],
  tails: [[2]],
  symbols: new Map(),
  lot: '',
});
const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const y = { outputs: ['y'] };
const crash = (): InferenceError => new InferenceError('worker-crashed', 'gone');
/** Bytes that a row of x and y holds. */
const ROW = 16;

describe('createScheduler', () => {
  it('runs a request at once, and puts together what came meanwhile', async () => {
    const { scheduler, recorder, running } = manual();
    const answers = [1, 10, 20, 30].map((x) => scheduler.submit(request(x), y));
    expect(running.map(({ rows }) => rows)).toEqual([1]);
    running[0]!.finish();
    await flush();
    expect(running.map(({ rows }) => rows)).toEqual([1, 3]);
    running[1]!.finish();
    const data = (await Promise.all(answers)).map(({ outputs }) => [...outputs['y']!.data]);
    expect(data).toEqual([
      [1, 2],
      [10, 11],
      [20, 21],
      [30, 31],
    ]);
    expect(recorder.read({ ...scheduler.waiting(), workers: [] })).toMatchObject({
      succeeded: 4,
      rows: 4,
      batches: 2,
    });
  });

  it('puts together what comes in one turn of the event loop', async () => {
    const due: (() => void)[] = [];
    const { scheduler, running } = manual({ gather: (act) => void due.push(act) });
    const answers = [1, 10, 20].map((x) => scheduler.submit(request(x), y));
    expect(running).toEqual([]);
    for (const act of due) act();
    expect([due.length, ...running.map(({ rows }) => rows)]).toEqual([1, 3]);
    running[0]!.finish();
    await Promise.all(answers);
  });

  it('runs on every free lane', async () => {
    const { scheduler, running } = manual({ maxBatchRows: 2 }, 2);
    const answer = scheduler.submit(request(0, 5), y);
    expect(running.map(({ rows }) => rows)).toEqual([2, 2]);
    running[1]!.finish();
    await flush();
    running[2]!.finish();
    running[0]!.finish();
    const { outputs, membersUsed } = await answer;
    expect([...outputs['y']!.data]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...membersUsed]).toEqual([2, 2, 2, 2, 2]);
  });

  it('computes only the outputs that somebody asked for', async () => {
    const { scheduler, running } = manual();
    void scheduler.submit(request(0), { outputs: ['sum'] });
    const both = [['y'], ['y', 'sum']].map((outputs) => scheduler.submit(request(5), { outputs }));
    expect(running[0]!.batch.outputs).toEqual(['sum']);
    running[0]!.finish();
    await flush();
    expect(running[1]!.batch.outputs).toEqual(['y', 'sum']);
    running[1]!.finish();
    expect((await Promise.all(both)).map(({ outputs }) => Object.keys(outputs))).toEqual([
      ['y'],
      ['y', 'sum'],
    ]);
  });

  it('copies nothing: a batch holds views of what its requests hold', () => {
    const { scheduler, running } = manual();
    const inputs = request(7, 3);
    void scheduler.submit(inputs, y);
    expect(running[0]!.batch.feeds[0]!.parts[0]!.buffer).toBe(inputs.data[0]!.buffer);
  });

  it('does not split a request that fits a batch', async () => {
    const { scheduler, running } = manual();
    void scheduler.submit(request(0), y);
    for (const rows of [3, 2, 1, 4]) void scheduler.submit(request(0, rows), y);
    for (let batch = 0; batch < 4; batch++) {
      running[batch]!.finish();
      await flush();
    }
    expect(running.map(({ rows }) => rows)).toEqual([1, 3, 3, 4]);
  });

  it('keeps requests of other shapes out of a batch', async () => {
    const { scheduler, running } = manual();
    void scheduler.submit(request(0), y);
    void scheduler.submit(request(1), y);
    void scheduler.submit({ ...request(2), lot: '5' }, y);
    running[0]!.finish();
    await flush();
    expect(running[1]!.rows).toBe(1);
  });

  it('lets small requests into the batches of a large one, and gives the large one its part', async () => {
    const { scheduler, running } = manual();
    const large = scheduler.submit(request(0, 40), y);
    let answered = 0;
    const small = (count: number): void => {
      for (let index = 0; index < count; index++)
        void scheduler.submit(request(100), y).then(() => answered++);
    };
    const largeRows = (batch: Batch): number => inputOf(batch).filter((x) => x < 100).length / 2;
    const shares: number[] = [];
    for (let turn = 0; running.length > turn; turn++) {
      // More small ones than a batch holds, all the time.
      if (turn < 8) small(5);
      shares.push(largeRows(running[turn]!.batch));
      running[turn]!.finish();
      await flush();
      expect(answered).toBeGreaterThanOrEqual(Math.min(turn, 8));
    }
    await large;
    expect(shares.slice(0, 9)).toEqual([4, 0, 2, 0, 2, 0, 2, 0, 2]);
  });

  it('answers a small request within two batches of a large one', async () => {
    const { scheduler, running } = manual();
    void scheduler.submit(request(0, 1000), y);
    void scheduler.submit(request(0, 1000), y);
    for (let turn = 0; turn < 20; turn++) {
      let isAnswered = false;
      void scheduler.submit(request(1), y).then(() => (isAnswered = true));
      running[2 * turn]!.finish();
      await flush();
      running[2 * turn + 1]!.finish();
      await flush();
      expect(isAnswered).toBe(true);
    }
  });

  it('refuses what its bytes have no room for', async () => {
    const { scheduler, recorder } = manual({ maxHeldBytes: 4 * ROW });
    void scheduler.submit(request(0, 3), y);
    void scheduler.submit(request(0), { outputs: ['sum'] }).catch(() => undefined);
    await expect(scheduler.submit(request(0), y)).rejects.toMatchObject({
      code: 'overloaded',
      message:
        'Ensemble "m" is busy: its requests hold 48 bytes, this one needs 16, and maxHeldBytes is 64. Try again later.',
    });
    expect(recorder.read({ ...scheduler.waiting(), workers: [] })).toMatchObject({
      failed: { rejected: 2 },
      heldBytes: 3 * ROW,
    });
  });

  it('drops an aborted request from the queue', async () => {
    const { scheduler, recorder, running } = manual({ maxBatchRows: 1 });
    const first = scheduler.submit(request(0), y);
    const controller = new AbortController();
    const dropped = scheduler.submit(request(1), { ...y, signal: controller.signal });
    const last = scheduler.submit(request(2), y);
    controller.abort(new Error('gone'));
    await expect(dropped).rejects.toMatchObject({ code: 'aborted', cause: { message: 'gone' } });
    expect(scheduler.waiting()).toEqual({ pendingRequests: 2, queuedRows: 1, heldBytes: 2 * ROW });
    running[0]!.finish();
    await flush();
    running[1]!.finish();
    await Promise.all([first, last]);
    expect(running).toHaveLength(2);
    expect(recorder.read({ ...scheduler.waiting(), workers: [] }).failed.canceled).toBe(1);
  });

  it('stops a request between its batches, and does not wait for one that runs', async () => {
    const { scheduler, running } = manual({ maxBatchRows: 1 });
    const controller = new AbortController();
    const answer = scheduler.submit(request(0, 3), { ...y, signal: controller.signal });
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'aborted' });
    const drained = scheduler.drain();
    running[0]!.finish();
    await drained;
    await flush();
    expect(running).toHaveLength(1);
  });

  it('refuses a signal that is aborted and a deadline that has passed', async () => {
    const { scheduler, running } = manual();
    const signal = AbortSignal.abort(new Error('late'));
    await expect(scheduler.submit(request(0), { ...y, signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    await expect(scheduler.submit(request(0), { ...y, deadline: -1 })).rejects.toMatchObject({
      code: 'deadline-exceeded',
    });
    expect(running).toHaveLength(0);
  });

  it('refuses a request at its deadline, whether it waits or runs', async () => {
    const timers: { act: () => void; ms: number }[] = [];
    const { scheduler, running } = manual({
      later: (act, ms) => {
        timers.push({ act, ms });
        return () => undefined;
      },
    });
    const answers = [5, 7].map((deadline) => scheduler.submit(request(0), { ...y, deadline }));
    expect(timers.map(({ ms }) => ms)).toEqual([5, 7]);
    for (const { act } of timers) act();
    for (const answer of answers)
      await expect(answer).rejects.toMatchObject({ code: 'deadline-exceeded' });
    running[0]!.finish();
    await flush();
    expect(running).toHaveLength(1);
  });

  it('tries a batch whose worker crashed once more, each request alone', async () => {
    const { scheduler, recorder, running } = manual({}, 2);
    void scheduler.submit(request(9), y);
    void scheduler.submit(request(9), y);
    const answers = [1, 2, 3].map((x) => scheduler.submit(request(x), y));
    running[0]!.finish();
    await flush();
    expect(running[2]!.rows).toBe(3);
    running[2]!.fail(crash());
    await flush();
    expect(running[3]!.rows).toBe(1);
    running[3]!.fail(crash());
    await expect(answers[0]).rejects.toMatchObject({ code: 'worker-crashed' });
    for (const turn of [4, 5]) {
      await flush();
      running[turn]!.finish();
    }
    expect(
      (await Promise.all(answers.slice(1))).map(({ outputs }) => outputs['y']!.data[0]),
    ).toEqual([2, 3]);
    running[1]!.finish();
    await flush();
    expect(recorder.read({ ...scheduler.waiting(), workers: [] })).toMatchObject({
      succeeded: 4,
      failed: { backend: 1 },
      pendingRequests: 0,
    });
  });

  it('gives each request of a failed batch a run of its own, and a failed request none', async () => {
    const { scheduler, running } = manual();
    void scheduler.submit(request(9), y);
    const answers = [1, 2].map((x) => scheduler.submit(request(x), y));
    running[0]!.finish();
    await flush();
    running[1]!.fail(new InferenceError('failed', 'no memory'));
    await flush();
    running[2]!.fail(new InferenceError('failed', 'no memory'));
    await expect(answers[0]).rejects.toThrow('no memory');
    await flush();
    running[3]!.finish();
    expect([...(await answers[1]!).outputs['y']!.data]).toEqual([2, 3]);
    await flush();
    const last = scheduler.submit(request(3), y);
    running[4]!.fail(new InferenceError('failed', 'no memory'));
    await expect(last).rejects.toThrow('no memory');
  });

  it('gives no batch to a lane that is not ready, and refuses all when every lane is broken', async () => {
    const { scheduler, running, lanes } = manual({}, 2);
    lanes[0]!.current = 'broken';
    const answers = Array.from({ length: 5 }, () => scheduler.submit(request(0), y));
    expect(running).toHaveLength(1);
    running[0]!.finish();
    await flush();
    running[1]!.finish();
    await Promise.all(answers);
    lanes[1]!.current = 'restarting';
    const waiting = scheduler.submit(request(0), y);
    await flush();
    expect(running).toHaveLength(2);
    lanes[1]!.current = 'broken';
    scheduler.laneChanged();
    await expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
    await expect(scheduler.submit(request(0), y)).rejects.toThrow(
      'Ensemble "m" has no worker: disk is gone. They are started again.',
    );
    lanes[0]!.current = 'ready';
    const recovered = scheduler.submit(request(0), y);
    running[2]!.finish();
    await recovered;
  });

  it('keeps the process alive as long as a request has no answer', async () => {
    let holds = 0;
    const { scheduler, running } = manual({
      stayAlive: () => {
        holds++;
        return () => holds--;
      },
    });
    const answers = [1, 2].map((x) => scheduler.submit(request(x), y));
    expect(holds).toBe(1);
    running[0]!.finish();
    await flush();
    expect(holds).toBe(1);
    running[1]!.finish();
    await Promise.all(answers);
    expect(holds).toBe(0);
  });

  it('waits for cores', async () => {
    const cores = gate(2);
    let release = (): void => undefined;
    cores.take(1, (give) => (release = give));
    const { scheduler, running } = manual({ cores, threads: 2 });
    void scheduler.submit(request(0), y);
    void scheduler.submit(request(1), y);
    expect(running).toHaveLength(0);
    release();
    await flush();
    // What came while it waited is in its batch.
    expect(running.map(({ rows }) => rows)).toEqual([2]);
  });

  it.each([
    ['inputs', { inputs: [1], outputs: {} }, 'non-finite-input'],
    ['outputs', { inputs: [], outputs: { y: [1] } }, 'non-finite-output'],
  ] as const)('refuses the request alone whose %s are not finite', async (_, nonFinite, code) => {
    const { scheduler } = schedule([
      (batch) =>
        Promise.resolve({
          ...compute(batch),
          nonFinite: batch.rows > 1 ? nonFinite : { inputs: [], outputs: {} },
        }),
    ]);
    void scheduler.submit(request(0), y);
    const wishes = [y, y, { outputs: ['sum'] }, { ...y, allowNonFinite: true }];
    const answers = wishes.map((wish) => scheduler.submit(request(0), wish));
    await Promise.allSettled(answers);
    const outcomes = await Promise.allSettled(answers);
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(outcomes[1]).toMatchObject({ reason: { code } });
  });

  it('refuses an output that has not a row for each row that went in', async () => {
    const { scheduler } = schedule([
      (batch) => Promise.resolve(compute({ ...batch, rows: batch.rows - 1 })),
    ]);
    await expect(scheduler.submit(request(0, 2), y)).rejects.toMatchObject({ code: 'wrong-graph' });
  });

  it('answers what it accepted before it is drained, and refuses what comes after', async () => {
    const { scheduler, running } = manual({ maxBatchRows: 1 });
    const answers = [1, 2].map((x) => scheduler.submit(request(x), y));
    let isDrained = false;
    const drained = scheduler.drain().then(() => (isDrained = true));
    await expect(scheduler.submit(request(3), y)).rejects.toMatchObject({ code: 'closed' });
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
    fc.integer({ min: 0, max: 4 }),
  ])(
    'gives each request its own rows, however they are cut and whatever crashes',
    async (sizes, maxBatchRows, lanes, everyOther) => {
      let widest = 0;
      let runs = 0;
      const run: Run = async (batch) => {
        widest = Math.max(widest, batch.rows);
        await Promise.resolve();
        // Two in a row hit a first and a second try.
        if (everyOther > 1 && ++runs % everyOther === 0) throw crash();
        return compute(batch);
      };
      const { scheduler, recorder } = schedule(
        Array.from({ length: lanes }, () => run),
        { maxBatchRows },
      );
      const requests = sizes.map((rows, index) => request(1000 * index, rows));
      const answers = await Promise.allSettled(
        requests.map((inputs) => scheduler.submit(inputs, { outputs: ['y', 'sum'] })),
      );
      answers.forEach((answer, index) => {
        if (answer.status === 'rejected') {
          expect(answer.reason).toMatchObject({ code: 'worker-crashed' });
          return;
        }
        const { rows, data } = requests[index]!;
        const { outputs } = answer.value;
        expect(outputs['y']).toMatchObject({ dtype: 'int32', dims: [rows, 2] });
        expect(bytesOf(outputs['y']!.data)).toEqual(data[0]);
        const sums = Array.from({ length: rows }, (_, row) => 2000 * index + 4 * row + 1);
        expect([...outputs['sum']!.data]).toEqual(sums);
      });
      if (everyOther <= 1) expect(answers.every(({ status }) => status === 'fulfilled')).toBe(true);
      expect(widest).toBeLessThanOrEqual(maxBatchRows);
      expect(recorder.read({ ...scheduler.waiting(), workers: [] })).toMatchObject({
        pendingRequests: 0,
        queuedRows: 0,
        heldBytes: 0,
      });
    },
  );
});
