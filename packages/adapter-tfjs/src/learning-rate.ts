import { TfjsAdapterError } from './errors.ts';
import type { Optimizer } from './tf.ts';

/** These read their `learningRate` field at every update. */
const readsItsField: ReadonlySet<string> = new Set([
  'RMSProp',
  'Adagrad',
  'Adadelta',
  'Adam',
  'Adamax',
]);

/**
 * Returns the function that really changes an optimizer's learning rate. SGD and Momentum multiply by a cached
 * tensor, so that writing their field does nothing: they have `setLearningRate`, which the others lack.
 */
export function learningRateSetter(optimizer: Optimizer): (learningRate: number) => void {
  // `instanceof` cannot tell: tfjs overrides it so that every optimizer is an instance of every class.
  const target = optimizer as unknown as {
    learningRate?: number;
    setLearningRate?(learningRate: number): void;
  };
  if (typeof target.setLearningRate === 'function') {
    return (learningRate) => {
      target.setLearningRate?.(learningRate);
    };
  }
  if (readsItsField.has(optimizer.getClassName())) {
    return (learningRate) => {
      target.learningRate = learningRate;
    };
  }
  throw new TfjsAdapterError(
    'unknown-optimizer',
    `Cannot tell how the optimizer "${optimizer.getClassName()}" takes a learning rate: it has no setLearningRate() and is none ` +
      `of SGD, Momentum, ${[...readsItsField].join(', ')}. Pass the option setLearningRate: (learningRate) => { … }.`,
  );
}

/** The optimizer's present learning rate, or undefined where it does not tell. */
export function currentLearningRate(optimizer: Optimizer): number | undefined {
  const { learningRate } = optimizer as unknown as { learningRate?: unknown };
  return typeof learningRate === 'number' ? learningRate : undefined;
}
