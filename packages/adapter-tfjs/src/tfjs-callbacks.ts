import type * as tfjs from '@tensorflow/tfjs';

import { checkTf } from './check-tf.ts';
import type { Tf } from './tf.ts';

type FitCallbacks = NonNullable<tfjs.ModelFitArgs['callbacks']>;

/** What `fit` takes as an array of tfjs's own callbacks. */
export type TfjsCallbacks = Extract<FitCallbacks, readonly { setParams: unknown }[]>;

/** A plain object of hooks: `{ onEpochEnd }`, what `tfvis.show.fitCallbacks` returns. */
export type PlainCallback = ConstructorParameters<typeof tfjs.CustomCallback>[0];

/** A callback that is no plain object, without its hooks: those of plain objects then have one type alone. */
type CallbackInstance = Pick<TfjsCallbacks[number], 'setParams' | 'setModel'>;

/**
 * Returns the array for `callbacks` of `fit` and `fitDataset` in which ours, tfjs's own and plain objects stand side by side,
 * in the order given; tfjs by itself takes plain objects only where all are.
 */
export function tfjsCallbacks(
  tf: Tf & Pick<typeof tfjs, 'CustomCallback'>,
  callbacks: readonly (CallbackInstance | PlainCallback)[],
): TfjsCallbacks {
  checkTf('tfjsCallbacks', tf);
  return callbacks.map((callback) =>
    'setParams' in callback ? (callback as TfjsCallbacks[number]) : new tf.CustomCallback(callback),
  );
}
