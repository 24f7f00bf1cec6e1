import { checkCount, checkOneOf, checkPositive, refuse, refuseStep } from '../check.ts';
import type { Schedule } from '../schedule.ts';
import { checkOptions } from '../options.ts';

const where = 'torchOneCycleLR';

export type TorchOneCycleLROptions = (
  | { readonly total_steps: number; readonly epochs?: never; readonly steps_per_epoch?: never }
  | { readonly total_steps?: never; readonly epochs: number; readonly steps_per_epoch: number }
) & {
  readonly max_lr: number;
  /** Default 0.3. */
  readonly pct_start?: number;
  /** Default `'cos'`. */
  readonly anneal_strategy?: 'cos' | 'linear';
  /** Default 25. */
  readonly div_factor?: number;
  /** Default 1e4. */
  readonly final_div_factor?: number;
  /** Default false. */
  readonly three_phase?: boolean;
};

interface Phase {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** PyTorch `OneCycleLR`, without its cycling of the momentum. Steps are in `[0, total_steps)`. */
export function torchOneCycleLR(options: TorchOneCycleLROptions): Schedule {
  checkOptions(where, options, {
    total_steps: true,
    epochs: true,
    steps_per_epoch: true,
    max_lr: true,
    pct_start: true,
    anneal_strategy: true,
    div_factor: true,
    final_div_factor: true,
    three_phase: true,
  });
  const total =
    options.total_steps === undefined
      ? checkCount(where, 'epochs', options.epochs) *
        checkCount(where, 'steps_per_epoch', options.steps_per_epoch)
      : checkCount(where, 'total_steps', options.total_steps);
  const phases = phasesOf(options, total);
  const anneal =
    checkOneOf(where, 'anneal_strategy', options.anneal_strategy ?? 'cos', ['cos', 'linear']) ===
    'cos'
      ? (from: number, to: number, part: number) =>
          to + ((from - to) / 2) * (Math.cos(Math.PI * part) + 1)
      : (from: number, to: number, part: number) => (to - from) * part + from;
  return (step) => {
    if (!(step >= 0 && step < total)) refuseStep(where, step, total);
    const { start, end, from, to } = phases.find((phase) => step <= phase.end)!;
    return anneal(from, to, (step - start) / (end - start));
  };
}

function phasesOf(options: TorchOneCycleLROptions, total: number): Phase[] {
  const { pct_start = 0.3, three_phase = false } = options;
  if (!(pct_start >= 0 && pct_start <= 1)) refuse(where, 'pct_start', pct_start, 'in [0, 1]');
  const max = checkPositive(where, 'max_lr', options.max_lr);
  const initial = max / checkPositive(where, 'div_factor', options.div_factor ?? 25);
  const min = initial / checkPositive(where, 'final_div_factor', options.final_div_factor ?? 1e4);
  const top = pct_start * total - 1;
  const ends = three_phase ? [top, 2 * pct_start * total - 2, total - 1] : [top, total - 1];
  const levels = three_phase ? [initial, max, initial, min] : [initial, max, min];
  if (ends.some((end, index) => end === (ends[index - 1] ?? 0))) {
    // PyTorch divides by zero here.
    refuse(where, 'pct_start', pct_start, `such that no phase of the ${total} steps is empty`);
  }
  return ends.map((end, index) => ({
    start: ends[index - 1] ?? 0,
    end,
    from: levels[index]!,
    to: levels[index + 1]!,
  }));
}
