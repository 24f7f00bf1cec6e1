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
    `Cannot tell how the optimizer "${optimizer.getClassName()}" takes a learning rate: it has no setLearningRate() and is not one ` +
      `of SGD, Momentum, ${[...readsItsField].join(', ')}. Pass the option setLearningRate: (learningRate) => { … }.`,
  );
}

/** The optimizer's present learning rate, or undefined where the optimizer does not expose it. */
export function currentLearningRate(optimizer: Optimizer): number | undefined {
  const { learningRate } = optimizer as unknown as { learningRate?: unknown };
  return typeof learningRate === 'number' ? learningRate : undefined;
}

/** The rate an optimizer came with, and the one we gave it last. */
interface Borrowed {
  readonly own: number;
  readonly last: number;
}

/**
 * By optimizer, while its learning rate is ours. A training that breaks off where nobody tells us leaves it here, so that
 * the next one neither takes what the schedule left for the optimizer's own rate nor leaves it behind.
 */
const borrowed = new WeakMap<Optimizer, Borrowed>();

/** An optimizer's learning rate, which we set during a training run. */
export interface LearningRate {
  /** The rate the optimizer came with, or undefined where the optimizer does not expose it. */
  readonly own: number | undefined;
  set(learningRate: number): void;
  /** Sets the optimizer back to its own rate. */
  restore(): void;
}

/** Takes the learning rate of an optimizer in hand; `setter` is for one that is none of `tf.train`'s. */
export function learningRateOf(
  optimizer: Optimizer,
  setter: (learningRate: number) => void = learningRateSetter(optimizer),
): LearningRate {
  const current = currentLearningRate(optimizer);
  const before = borrowed.get(optimizer);
  // If it was set since, keep that value.
  const own = before !== undefined && before.last === current ? before.own : current;
  return {
    own,
    set(learningRate) {
      setter(learningRate);
      if (own === undefined) return;
      borrowed.set(optimizer, { own, last: currentLearningRate(optimizer) ?? learningRate });
    },
    restore() {
      borrowed.delete(optimizer);
      if (own !== undefined) setter(own);
    },
  };
}
