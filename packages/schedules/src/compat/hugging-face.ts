import { checkCount, checkPositive, checkStep } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkOptions } from '../options.ts';

const where = 'huggingFaceCosineWithHardRestarts';

export interface HuggingFaceCosineWithHardRestartsOptions {
  /** The optimizer's learning rate. */
  readonly lr: number;
  readonly num_warmup_steps: number;
  /** Steps of the whole run, warm-up included. */
  readonly num_training_steps: number;
  /** Default 1. */
  readonly num_cycles?: number;
}

/** Hugging Face `get_cosine_with_hard_restarts_schedule_with_warmup`. 0 from `num_training_steps` on. */
export function huggingFaceCosineWithHardRestarts(
  options: HuggingFaceCosineWithHardRestartsOptions,
): Schedule {
  checkOptions(where, options, {
    lr: true,
    num_warmup_steps: true,
    num_training_steps: true,
    num_cycles: true,
  });
  const lr = checkPositive(where, 'lr', options.lr);
  const warmup = checkStep(where, options.num_warmup_steps, 'num_warmup_steps');
  const total = checkCount(where, 'num_training_steps', options.num_training_steps);
  const cycles = checkCount(where, 'num_cycles', options.num_cycles ?? 1);
  return (step) => {
    checkStep(where, step);
    if (step < warmup) return lr * (step / warmup);
    const progress = (step - warmup) / Math.max(1, total - warmup);
    if (progress >= 1) return 0;
    return lr * Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((cycles * progress) % 1))));
  };
}
