import { checkNotNegative, checkOneOf, checkPositive, checkStep } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkOptions } from '../options.ts';

const where = 'torchSWALR';

export interface TorchSWALROptions {
  /** The optimizer's learning rate when the scheduler is made. */
  readonly lr: number;
  readonly swa_lr: number;
  /** Default 10. */
  readonly anneal_epochs?: number;
  /** Default `'cos'`. */
  readonly anneal_strategy?: 'cos' | 'linear';
}

/** PyTorch `SWALR`, in closed form, counted from its own step 0. */
export function torchSWALR(options: TorchSWALROptions): Schedule {
  checkOptions(where, options, {
    lr: true,
    swa_lr: true,
    anneal_epochs: true,
    anneal_strategy: true,
  });
  const lr = checkPositive(where, 'lr', options.lr);
  const swa_lr = checkPositive(where, 'swa_lr', options.swa_lr);
  const epochs = checkStep(where, options.anneal_epochs ?? 10, 'anneal_epochs');
  const strategy = options.anneal_strategy ?? 'cos';
  const isCosine = checkOneOf(where, 'anneal_strategy', strategy, ['cos', 'linear']) === 'cos';
  return (step) => {
    checkNotNegative(where, 'step', step);
    const t = epochs === 0 ? 1 : Math.min(1, step / epochs);
    const alpha = isCosine ? (1 - Math.cos(Math.PI * t)) / 2 : t;
    return swa_lr * alpha + lr * (1 - alpha);
  };
}
