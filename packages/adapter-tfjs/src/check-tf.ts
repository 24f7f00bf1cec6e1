import type { Tf } from './tf.ts';

/** Refuses a call that leaves out tfjs itself, which every function of this package takes first. */
export function checkTf(where: string, tf: Tf | undefined): asserts tf is Tf {
  const isModule = typeof tf === 'object' || typeof tf === 'function';
  // null is an object, too.
  if (isModule && typeof (tf as Partial<Tf> | null)?.tidy === 'function') return;
  throw new TypeError(
    `${where}: the first argument must be the TensorFlow.js module, got ${describe(tf)}. ` +
      `Pass it: import * as tf from '@tensorflow/tfjs'; ${where}(tf, …).`,
  );
}

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return String(value);
  return `an object with ${Object.keys(value).join(', ') || 'no keys'}`;
}
