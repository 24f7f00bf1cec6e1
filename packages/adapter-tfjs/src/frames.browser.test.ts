import { memoryBlobs } from '@snapshot-ensemble/snapshot-core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

import { silent } from '../test/tiny.ts';
import { snapshotEnsembleCallback } from './snapshot-ensemble-callback.ts';
import { toTfjsCallback } from './to-tfjs-callback.ts';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Milliseconds between frames while something runs: the longest. */
async function longestGap(work: () => Promise<unknown>): Promise<number> {
  let [last, longest, running] = [performance.now(), 0, true];
  const frame = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (running) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  await work();
  running = false;
  return Math.max(longest, performance.now() - last);
}

async function fit(epochs: number, callbacks?: tf.Callback): Promise<unknown> {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, inputShape: [64], activation: 'relu' }),
      tf.layers.dense({ units: 8, activation: 'softmax' }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });
  const xs = tf.randomNormal([640, 64]);
  const ys = tf.oneHot(tf.range(0, 640, 1, 'int32').mod(8).toInt(), 8);
  return model.fit(xs, ys, {
    epochs,
    batchSize: 64,
    ...silent,
    ...(callbacks && { callbacks }),
  });
}

/** How many epochs take about so long on this machine. */
async function epochsOf(milliseconds: number): Promise<number> {
  await fit(1);
  const start = performance.now();
  await fit(2);
  return Math.ceil((2 * milliseconds) / (performance.now() - start));
}

/** The shortest of several runs, interleaved: what else the machine does only ever makes a gap longer. */
async function shortestGaps(
  callbacks: () => tf.Callback,
): Promise<{ plain: number; ours: number }> {
  const gaps: { plain: number[]; ours: number[] } = { plain: [], ours: [] };
  const epochs = await epochsOf(800);
  for (let i = 0; i < 4; i += 1) {
    gaps.plain.push(await longestGap(() => fit(epochs)));
    gaps.ours.push(await longestGap(() => fit(epochs, callbacks())));
  }
  return { plain: Math.min(...gaps.plain), ours: Math.min(...gaps.ours) };
}

describe('the longest gap between frames while a model trains', () => {
  it('is at most 50 ms longer with the callback than without', async () => {
    const { plain, ours } = await shortestGaps(() =>
      snapshotEnsembleCallback(tf, { cycles: 4, store: memoryBlobs() }),
    );
    // eslint-disable-next-line no-console -- what was measured is for people to read
    console.log(
      `longest gap between frames: ${plain.toFixed()} ms without the callback, ${ours.toFixed()} ms with it`,
    );
    expect(ours, `without ${plain} ms`).toBeLessThan(plain + 50);
  });

  it('is much longer if the callback does not yield', async () => {
    const { plain, ours } = await shortestGaps(() =>
      toTfjsCallback(tf, { name: 'none' }, { yieldEveryMs: Number.POSITIVE_INFINITY }),
    );
    expect(ours, `without ${plain} ms`).toBeGreaterThan(plain + 50);
  });
});
