import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inverseSquareRoot, warmupStableDecay, type Schedule } from '../index.ts';
import * as compat from './index.ts';

/** What `conformance/schedules/make.py` writes: learning rates `v` of the original with parameters `p` at steps `s`. */
interface Golden {
  readonly original: string;
  readonly version: string;
  readonly sets: readonly {
    readonly p: never;
    readonly s: readonly number[];
    /** null where the original raises. */
    readonly v: readonly (number | null)[];
  }[];
}

type Restarts = 'exact' | 'original';
type Constructor = (parameters: never, restarts: Restarts) => Schedule;

/** Adds the option to parameters that are the original's own. */
const withRestarts =
  <P extends object>(make: (options: P & { restarts: Restarts }) => Schedule) =>
  (parameters: P, restarts: Restarts): Schedule =>
    make({ ...parameters, restarts });

/** Of `get_wsd_schedule`, with a cosine decay. */
interface HuggingFaceWsd {
  readonly lr: number;
  readonly num_warmup_steps: number;
  readonly num_stable_steps: number;
  readonly num_decay_steps: number;
  readonly min_lr_ratio: number;
}

/** Of `get_inverse_sqrt_schedule`. */
interface HuggingFaceInverseSqrt {
  readonly lr: number;
  readonly num_warmup_steps: number;
  readonly timescale: number;
}

const constructors: Record<string, Constructor> = {
  'torch-cosine-annealing-lr': compat.torchCosineAnnealingLR,
  'torch-cosine-annealing-lr-stepped': compat.torchCosineAnnealingLR,
  'torch-cosine-annealing-warm-restarts': compat.torchCosineAnnealingWarmRestarts,
  'torch-cosine-annealing-warm-restarts-epochs': withRestarts(
    compat.torchCosineAnnealingWarmRestarts,
  ),
  'torch-cyclic-lr': compat.torchCyclicLR,
  'torch-one-cycle-lr': compat.torchOneCycleLR,
  'torch-swalr': compat.torchSWALR,
  'keras-cosine-decay': compat.kerasCosineDecay,
  'keras-cosine-decay-float32': compat.kerasCosineDecay,
  'keras-cosine-decay-restarts': compat.kerasCosineDecayRestarts,
  'keras-cosine-decay-restarts-float32': withRestarts(compat.kerasCosineDecayRestarts),
  'timm-cosine': withRestarts(compat.timmCosine),
  'optax-warmup-cosine': compat.optaxWarmupCosine,
  'optax-warmup-cosine-float32': compat.optaxWarmupCosine,
  'optax-sgdr': ({ cosine_kwargs }: { cosine_kwargs: Parameters<typeof compat.optaxSgdr>[0] }) =>
    compat.optaxSgdr(cosine_kwargs),
  'optax-sgdr-float32': ({
    cosine_kwargs,
  }: {
    cosine_kwargs: Parameters<typeof compat.optaxSgdr>[0];
  }) => compat.optaxSgdr(cosine_kwargs),
  'hugging-face-cosine-with-hard-restarts': compat.huggingFaceCosineWithHardRestarts,
  'hugging-face-warmup-stable-decay': (parameters: HuggingFaceWsd) =>
    warmupStableDecay({
      totalSteps:
        parameters.num_warmup_steps + parameters.num_stable_steps + parameters.num_decay_steps,
      lrMax: parameters.lr,
      lrMin: parameters.lr * parameters.min_lr_ratio,
      warmup: parameters.num_warmup_steps,
      decay: parameters.num_decay_steps,
    }),
  'hugging-face-inverse-square-root': (parameters: HuggingFaceInverseSqrt) =>
    inverseSquareRoot({
      lrMax: parameters.lr,
      warmupSteps: parameters.num_warmup_steps,
      timescale: parameters.timescale,
    }),
  'snapshot-ensemble-python': (parameters: Parameters<typeof compat.snapshotEnsemblePython>[0]) =>
    compat.snapshotEnsemblePython(parameters).schedule,
  'snapshot-ensemble-python-visualize-lr': (
    parameters: Parameters<typeof compat.snapshotEnsemblePythonVisualizeLR>[0],
  ) => compat.snapshotEnsemblePythonVisualizeLR(parameters).schedule,
};

/** Double precision: of the value itself. float32: of the set's highest value, for near the floor 1 + cos has lost all digits. */
const relativeTo = { double: 1e-12, float32: 1e-6 };
/** PyTorch's recursive form drifts from its own closed form by its own rounding. */
const drift: Record<string, number> = { 'torch-cosine-annealing-lr-stepped': 1e-11 };

function golden(name: string): Golden {
  const url = new URL(`../../../../conformance/schedules/golden/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as Golden;
}

interface Comparison {
  readonly compared: number;
  readonly largest: number;
  /** Values that are not the original's, as text. */
  readonly differing: readonly string[];
}

function compare({ original, sets }: Golden, make: Constructor, restarts: Restarts): Comparison {
  const isFloat32 = original.endsWith('float32');
  const tolerance = isFloat32 ? relativeTo.float32 : (drift[original] ?? relativeTo.double);
  let compared = 0;
  let largest = 0;
  const differing: string[] = [];
  for (const { p, s, v } of sets) {
    const schedule = make(p, restarts);
    const highest = Math.max(...v.filter((value) => value !== null));
    for (const [index, step] of s.entries()) {
      const theirs = v[index];
      if (theirs === null || theirs === undefined) continue;
      const ours = schedule(step);
      const difference = Math.abs(ours - theirs);
      const relative = difference === 0 ? 0 : difference / (isFloat32 ? highest : Math.abs(theirs));
      compared += 1;
      if (relative <= tolerance) largest = Math.max(largest, relative);
      else differing.push(`${JSON.stringify(p)} at ${step}: ${ours}, original ${theirs}`);
    }
  }
  return { compared, largest, differing };
}

/** Originals whose logarithm misses exact restarts, and how many such steps are in the golden file. */
const closedForms: Record<string, number> = {
  'torch-cosine-annealing-warm-restarts-epochs': 6,
  'timm-cosine': 2,
  'keras-cosine-decay-restarts-float32': 6,
};

describe.each(Object.entries(constructors))('%s', (name, make) => {
  const file = golden(name);

  it('has at least 200 parameter sets', () => {
    expect(file.original).toBe(name);
    expect(file.sets.length).toBeGreaterThanOrEqual(200);
  });

  it('is reproduced at every step', () => {
    const { compared, differing } = compare(file, make, 'original');
    // The last bit of a float32 logarithm is not the same in all of Keras' backends.
    expect(differing.length).toBeLessThanOrEqual(name.endsWith('restarts-float32') ? 2 : 0);
    expect(compared).toBeGreaterThan(1000);
  });

  it('is judged by a comparison that catches a step too late and a learning rate off by 1e-5', () => {
    const { compared } = compare(file, make, 'original');
    const late: Constructor = (parameters, restarts) => (step) =>
      make(parameters, restarts)(Math.max(0, step - 1));
    const off: Constructor = (parameters, restarts) => (step) =>
      make(parameters, restarts)(step) * (1 + 1e-5);
    expect(compare(file, late, 'original').differing.length).toBeGreaterThan(compared / 5);
    expect(compare(file, off, 'original').differing.length).toBeGreaterThan(compared / 5);
  });
});

it.each(Object.entries(closedForms))(
  '%s is corrected at exact restarts and nowhere else',
  (name, count) => {
    const { differing } = compare(golden(name), constructors[name]!, 'exact');
    expect(differing).toHaveLength(count);
    for (const line of differing)
      expect(line).toMatch(/"(T_mult|cycle_mul|t_mul)":(3|9|10|1\.2)\b/);
  },
);

describe('exact restarts that closed forms with logarithms miss', () => {
  it.each([
    [3, 10, 5],
    [9, 1, 5],
    [10, 1, 3],
  ])('PyTorch, T_mult %i', (T_mult, T_0, n) => {
    const step = (T_0 * (T_mult ** n - 1)) / (T_mult - 1);
    const options = { lr: 0.1, T_0, T_mult };
    expect(compat.torchCosineAnnealingWarmRestarts(options)(step)).toBe(0.1);
    const original = compat.torchCosineAnnealingWarmRestarts({ ...options, restarts: 'original' });
    expect(original(step)).toBe(0);
  });

  it('timm, cycle_mul 3', () => {
    const options = { lr: 0.1, t_initial: 10, cycle_mul: 3, cycle_limit: 100 };
    expect(compat.timmCosine(options)(1210)).toBe(0.1);
    expect(compat.timmCosine({ ...options, restarts: 'original' })(1210)).toBe(0);
  });

  it('Keras in float32, t_mul 1.2', () => {
    const ends = [1000, 2200, 3640, 5368];
    const options = { initial_learning_rate: 0.1, first_decay_steps: 1000, t_mul: 1.2 };
    const exact = compat.kerasCosineDecayRestarts(options);
    for (const end of ends) expect(exact(end)).toBeCloseTo(0.1, 15);
    const original = compat.kerasCosineDecayRestarts({ ...options, restarts: 'original' });
    expect(ends.some((end) => original(end) < 0.01)).toBe(true);
  });
});
