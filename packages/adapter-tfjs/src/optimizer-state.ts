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

/**
 * Yields the optimizer's state: its class and `iter`, as `Adam/iter`, its accumulators in tfjs order, then Adam's running
 * powers.
 */
export async function* readOptimizerState(optimizer: Optimizer): AsyncGenerator<NamedTensor, void> {
  checkReadable(optimizer);
  const [iterations, ...accumulators] = await optimizer.getWeights();
  try {
    const powers = runningPowers.flatMap((name) => {
      const tensor = (optimizer as WithPowers)[name];
      return tensor === undefined ? [] : [{ name, tensor }];
    });
    const counter = { name: `${optimizer.getClassName()}/iter`, tensor: iterations!.tensor };
    yield* hostCopies(() => [counter, ...accumulators, ...powers]);
  } finally {
    // The counter is a scalar made for us; the accumulators are the optimizer's own.
    iterations!.tensor.dispose();
  }
}

/**
 * Puts a state back that `readOptimizerState` gave; the state it replaces is freed. Refuses that of another optimizer, or
 * of one that trained other weights than `trained`, before it changes anything.
 */
export async function writeOptimizerState(
  tf: Tf,
  optimizer: Optimizer,
  state: AsyncIterable<NamedTensor>,
  trained: readonly Tensor[] | undefined,
): Promise<void> {
  checkReadable(optimizer);
  const tensors: Named[] = [];
  try {
    for await (const tensor of state) {
      tensors.push({ name: tensor.name, tensor: toDevice(tf, tensor) });
    }
    checkIsOf(optimizer, tensors, trained);
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

interface Named {
  readonly name: string;
  readonly tensor: Tensor;
}

/** Names of what is accumulated, by optimizer: `hidden/kernel/momentum`. */
const accumulated: Readonly<Record<string, readonly string[]>> = {
  SGD: [],
  Momentum: ['momentum'],
  Adagrad: ['accumulator'],
  Adadelta: ['accum_grad', 'accum_var'],
  RMSProp: ['rms', 'momentum', 'mg'],
  Adam: ['m', 'v'],
};

function checkIsOf(
  optimizer: Optimizer,
  [counter, ...rest]: readonly Named[],
  trained: readonly Tensor[] | undefined,
): void {
  const mine = optimizer.getClassName();
  const theirs = counter?.name.replace(/\/iter$/, '');
  if (mine !== theirs) {
    throw refused(
      `the checkpoint holds the state of the optimizer ${theirs ?? 'of no model'}, and this model trains with ${mine}`,
      `Compile the model with ${theirs ?? 'the same optimizer'}`,
    );
  }
  const [first] = accumulated[mine] ?? [];
  if (trained === undefined || first === undefined) return;
  const of = rest.filter(({ name }) => name.endsWith(`/${first}`));
  const shapes = (tensors: readonly Tensor[]): string =>
    tensors.map(({ shape }) => `[${shape.join(', ')}]`).join(', ');
  // Before its first step it has accumulated nothing.
  if (of.length === 0) return;
  const [then, now] = [shapes(of.map(({ tensor }) => tensor)), shapes(trained)];
  if (then === now) return;
  // tfjs numbers variables that a process made before under the same name: hidden/kernel_1.
  const names = of.map(({ name }) => name.slice(0, -first.length - 1).replace(/_\d+$/, ''));
  throw refused(
    `the checkpoint's ${mine} trained ${of.length} weights, ${names.join(', ')} (${then}), and this one trains ${trained.length} (${now})`,
    'Make the same layers trainable, and compile the model again',
  );
}

function refused(problem: string, fix: string): TfjsAdapterError {
  return new TfjsAdapterError(
    'optimizer-state',
    `Cannot resume: ${problem}. ${fix}, or begin a new run with existing: 'overwrite'.`,
  );
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
