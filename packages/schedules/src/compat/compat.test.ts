import { describe, expect, it } from 'vitest';
import * as compat from './index.ts';

const wrong = (value: unknown): never => value as never;
const restartsOf = (
  { plan }: ReturnType<typeof compat.snapshotEnsemblePython>,
  perEpoch = 1,
): number[] => plan.cycles.slice(1).map(({ start }) => Math.round((100 * start) / perEpoch) / 100);

describe('the Python package snapshot-ensemble', () => {
  it('drifts in its own notebook: 250 epochs of 3 batches', () => {
    const run = compat.snapshotEnsemblePython({ epochs: 250, steps_per_epoch: 3 });
    expect(restartsOf(run, 3)).toEqual([10, 25, 47.67, 81.67, 132.33, 208.33]);
    // What the package trains for nothing at the end, never annealed.
    expect(run.schedule(749)).toBeCloseTo(0.0038, 4);
  });

  it('draws other restarts than it trains with', () => {
    expect(restartsOf(compat.snapshotEnsemblePythonVisualizeLR())).toEqual([
      11, 27, 51, 87, 141, 222, 343,
    ]);
  });

  it('restarts at every batch once cycles are shorter than one', () => {
    const shrinking = { cycle_length: 1, cycle_length_multiplier: 0.5 };
    const run = compat.snapshotEnsemblePython({ epochs: 3, steps_per_epoch: 2, ...shrinking });
    expect(run.plan.cycles.map(({ start }) => start)).toEqual([0, 2, 3, 4, 5]);
  });
});

it('SWALR jumps when it has no epochs to anneal', () => {
  expect(compat.torchSWALR({ lr: 1, swa_lr: 0.1, anneal_epochs: 0 })(0)).toBe(0.1);
});

it('CyclicLR takes a scale of its own', () => {
  const base = { base_lr: 0, max_lr: 1, step_size_up: 2 };
  const byCycle = compat.torchCyclicLR({ ...base, scale_fn: (cycle) => cycle });
  expect([2, 6].map(byCycle)).toEqual([1, 2]);
  const byStep = compat.torchCyclicLR({
    ...base,
    scale_fn: (step) => step,
    scale_mode: 'iterations',
  });
  expect([2, 6].map(byStep)).toEqual([2, 6]);
});

it('timm keeps a value where the original raises: an exact restart to a fractional power', () => {
  const options = { lr: 0.1, t_initial: 7, cycle_mul: 1.2, cycle_limit: 100, k_decay: 0.9 };
  for (const restarts of ['exact', 'original'] as const) {
    const schedule = compat.timmCosine({ ...options, restarts });
    for (let step = 0; step < 2000; step += 1) expect(Number.isFinite(schedule(step))).toBe(true);
  }
});

it.each<[string, () => unknown]>([
  ['no lr', () => compat.torchCosineAnnealingLR(wrong({ T_max: 5 }))],
  [
    'a fractional T_mult',
    () => compat.torchCosineAnnealingWarmRestarts({ lr: 1, T_0: 5, T_mult: 1.5 }),
  ],
  ['a negative step', () => compat.torchCosineAnnealingWarmRestarts({ lr: 1, T_0: 5 })(-1)],
  ['a step that is NaN', () => compat.torchCyclicLR({ base_lr: 0, max_lr: 1 })(NaN)],
  ['an unknown mode', () => compat.torchCyclicLR({ base_lr: 0, max_lr: 1, mode: wrong('square') })],
  ['an empty phase', () => compat.torchOneCycleLR({ max_lr: 1, total_steps: 10, pct_start: 0.1 })],
  ['a step too many', () => compat.torchOneCycleLR({ max_lr: 1, total_steps: 10 })(10)],
  [
    'an unknown strategy',
    () => compat.torchSWALR({ lr: 1, swa_lr: 1, anneal_strategy: wrong('exp') }),
  ],
  [
    'alpha above 1',
    () => compat.kerasCosineDecay({ initial_learning_rate: 1, decay_steps: 5, alpha: 2 }),
  ],
  [
    'a step past all shrinking cycles',
    () =>
      compat.kerasCosineDecayRestarts({
        initial_learning_rate: 1,
        first_decay_steps: 10,
        t_mul: 0.5,
      })(20),
  ],
  [
    'an unknown kind of restarts',
    () => compat.timmCosine({ lr: 1, t_initial: 5, restarts: wrong('late') }),
  ],
  [
    'a warm-up as long as its decay',
    () =>
      compat.optaxWarmupCosine({ init_value: 0, peak_value: 1, warmup_steps: 5, decay_steps: 5 }),
  ],
  ['no cycles', () => compat.optaxSgdr([])],
  [
    'half a cycle',
    () =>
      compat.huggingFaceCosineWithHardRestarts({
        lr: 1,
        num_warmup_steps: 0,
        num_training_steps: 9,
        num_cycles: 0.5,
      }),
  ],
  [
    'a step past the last epoch',
    () => compat.snapshotEnsemblePython({ epochs: 1, steps_per_epoch: 3 }).schedule(3),
  ],
])('refuses %s', (_, attempt) => {
  let error: unknown;
  try {
    attempt();
  } catch (thrown) {
    error = thrown;
  }
  expect(error instanceof RangeError || error instanceof TypeError).toBe(true);
  expect(String(error)).toMatchSnapshot();
});

// 3 / (1 − 0.9) is 30.000000000000004 in doubles: step 30 passed for one within the cycles, and none was found for ever.
describe('multipliers below 1', () => {
  const multipliers = [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99];
  const lengths = [1, 2, 3, 7, 10, 12];
  const makers = {
    t_mul: (first: number, t_mul: number) =>
      compat.kerasCosineDecayRestarts({
        initial_learning_rate: 1,
        first_decay_steps: first,
        t_mul,
      }),
    cycle_mul: (first: number, cycle_mul: number) =>
      compat.timmCosine({ lr: 1, t_initial: first, cycle_mul, cycle_limit: 1e6 }),
  };

  it.each(['t_mul', 'cycle_mul'] as const)('%s: every step has an answer or is refused', (name) => {
    for (const first of lengths) {
      for (const multiplier of multipliers) {
        const schedule = makers[name](first, multiplier);
        const end = first / (1 - multiplier);
        for (const step of [
          first - 1,
          first,
          Math.floor(end) - 1,
          Math.round(end),
          Math.ceil(end),
        ]) {
          let value = 0.5;
          try {
            value = schedule(Math.max(0, step));
          } catch (error) {
            expect(String(error)).toMatch(/lies past all cycles/);
            expect(step).toBeGreaterThanOrEqual(end - 1e-9);
          }
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
      }
    }
  });
});
