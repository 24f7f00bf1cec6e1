import { TfjsAdapterError } from './errors.ts';
import type { Tf } from './tf.ts';

/** Marks our callbacks, whichever copy of this package made them. */
export const ours: unique symbol = Symbol.for('@snapshot-ensemble/adapter-tfjs');

/**
 * Has `fit` reject arrays that mix ours with plain objects, before the first step and with what to do. Left to itself, tfjs
 * runs into "callback.setParams is not a function", or calls ours without its model; no hook of ours could say more. But it
 * first asks whether the whole array is an instance of its base class, and what asks that is the class's to answer.
 */
export function refuseMixed(tf: Tf): void {
  const base = Object.getPrototypeOf(tf.Callback) as object;
  if (Object.hasOwn(base, Symbol.hasInstance)) return;
  // A frozen class stays as it is: then tfjs's own error has to do.
  Reflect.defineProperty(base, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, candidate: unknown): boolean {
      if (this === base && Array.isArray(candidate)) checkAlike(candidate);
      return Function.prototype[Symbol.hasInstance].call(this, candidate);
    },
  });
}

function checkAlike(callbacks: readonly unknown[]): void {
  const entries = callbacks.map((entry) => Object(entry) as object);
  const place = entries.findIndex((entry) => !('setParams' in entry));
  if (place < 0 || !entries.some((entry) => ours in entry)) return;
  const hooks = Object.keys(entries[place]!).join(', ');
  throw new TfjsAdapterError(
    'mixed-callbacks',
    `callbacks[${place}] is a plain object, { ${hooks} }; TensorFlow.js takes plain objects only if every entry is one. ` +
      'Pass callbacks: tfjsCallbacks(tf, [snapshotEnsembleCallback(tf), { onEpochEnd }]), in any order.',
  );
}
