import type { NamedTensor } from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';
import type { Optimizer, Tensor, Tf, Variable } from './tf.ts';
import { hostCopies, toDevice } from './weights.ts';

/**
 * Adam's running powers of beta. Its setWeights() rebuilds them by `pow`, whose last bits differ from the products
 * that training made, so they are stored beside what getWeights() gives.
 */
const runningPowers = ['accBeta1', 'accBeta2'] as const;
type WithPowers = Partial<Record<(typeof runningPowers)[number], Variable>>;

/** Yields the optimizer's state: `iter`, its accumulators in tfjs order, then Adam's running powers. */
export async function* readOptimizerState(optimizer: Optimizer): AsyncGenerator<NamedTensor, void> {
  checkReadable(optimizer);
  const [iterations, ...accumulators] = await optimizer.getWeights();
  try {
    const powers = runningPowers.flatMap((name) => {
      const tensor = (optimizer as WithPowers)[name];
      return tensor === undefined ? [] : [{ name, tensor }];
    });
    yield* hostCopies(() => [iterations!, ...accumulators, ...powers]);
  } finally {
    // The counter is a scalar made for us; the accumulators are the optimizer's own.
    iterations!.tensor.dispose();
  }
}

/** Puts a state back that `readOptimizerState` gave; the state it replaces is freed. */
export async function writeOptimizerState(
  tf: Tf,
  optimizer: Optimizer,
  state: AsyncIterable<NamedTensor>,
): Promise<void> {
  checkReadable(optimizer);
  const tensors: { name: string; tensor: Tensor }[] = [];
  try {
    for await (const tensor of state) {
      tensors.push({ name: tensor.name, tensor: toDevice(tf, tensor) });
    }
    const isPower = ({ name }: { name: string }): boolean => name in powersOf(optimizer);
    const replaced = await optimizer.getWeights();
    await optimizer.setWeights(tensors.filter((entry) => !isPower(entry)));
    tf.dispose(replaced.map(({ tensor }) => tensor));
    for (const { name, tensor } of tensors.filter(isPower)) {
      powersOf(optimizer)[name as keyof WithPowers]?.assign(tensor);
    }
  } finally {
    tf.dispose(tensors.map(({ tensor }) => tensor));
  }
}

function powersOf(optimizer: Optimizer): WithPowers {
  const { accBeta1, accBeta2 } = optimizer as WithPowers;
  return { ...(accBeta1 && { accBeta1 }), ...(accBeta2 && { accBeta2 }) };
}

/** Throws `optimizer-state` for an optimizer whose state tfjs does not give out. */
export function checkReadable(optimizer: Optimizer): void {
  if (optimizer.getClassName() === 'Adamax') {
    throw new TfjsAdapterError(
      'optimizer-state',
      'Cannot resume a run of the Adamax optimizer: tfjs implements neither its getWeights() nor its setWeights(). ' +
        'Train with Adam, or without checkpoints.',
    );
  }
}
