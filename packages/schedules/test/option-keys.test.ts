import { expect, it } from 'vitest';
import * as compat from '../src/compat/index.ts';
import * as schedules from '../src/index.ts';
import { sparkline, visualizeLR } from '../src/pictures/index.ts';

const plan = schedules.cyclesOf([10, 10]);
const schedule = schedules.constant(0.1);

/** By function: an option of it, and a call with other options. */
const calls: Record<string, readonly [option: string, run: (options: never) => unknown]> = {
  anneal: ['lrInit', (options) => schedules.anneal(plan, options)],
  cyclicalSgMcmc: ['cycles', (options) => schedules.cyclicalSgMcmc(options)],
  equalCycles: ['cycles', (options) => schedules.equalCycles(options)],
  fastGeometric: ['cycleLength', (options) => schedules.fastGeometric(options)],
  growingCycles: ['cycleLength', (options) => schedules.growingCycles(options)],
  huggingFaceCosineWithHardRestarts: [
    'num_cycles',
    (options) => compat.huggingFaceCosineWithHardRestarts(options),
  ],
  inverseSquareRoot: ['warmupSteps', (options) => schedules.inverseSquareRoot(options)],
  kerasCosineDecay: ['decay_steps', (options) => compat.kerasCosineDecay(options)],
  kerasCosineDecayRestarts: ['t_mul', (options) => compat.kerasCosineDecayRestarts(options)],
  noCycle: ['lrInit', (options) => schedules.noCycle(options)],
  oneCycle: ['totalSteps', (options) => schedules.oneCycle(options)],
  optaxSgdr: ['decay_steps', (options) => compat.optaxSgdr([options])],
  optaxWarmupCosine: ['decay_steps', (options) => compat.optaxWarmupCosine(options)],
  singleCycle: ['lrInit', (options) => schedules.singleCycle(options)],
  snapshotEnsemblePython: ['cycle_length', (options) => compat.snapshotEnsemblePython(options)],
  snapshotEnsemblePythonVisualizeLR: [
    'cycle_length',
    (options) => compat.snapshotEnsemblePythonVisualizeLR(options),
  ],
  sparkline: ['width', (options) => sparkline(schedule, plan, options)],
  swaTail: ['annealSteps', (options) => schedules.swaTail(schedule, options)],
  timmCosine: ['cycle_mul', (options) => compat.timmCosine(options)],
  torchCosineAnnealingLR: ['T_max', (options) => compat.torchCosineAnnealingLR(options)],
  torchCosineAnnealingWarmRestarts: [
    'T_mult',
    (options) => compat.torchCosineAnnealingWarmRestarts(options),
  ],
  torchCyclicLR: ['base_lr', (options) => compat.torchCyclicLR(options)],
  torchOneCycleLR: ['max_lr', (options) => compat.torchOneCycleLR(options)],
  torchSWALR: ['swa_lr', (options) => compat.torchSWALR(options)],
  triangular: ['lrMax', (options) => schedules.triangular(options)],
  visualizeLR: ['title', (options) => visualizeLR(schedule, plan, options)],
  warmup: ['steps', (options) => schedules.warmup(schedule, options)],
  warmupStableDecay: ['totalSteps', (options) => schedules.warmupStableDecay(options)],
};

/** A misspelt key would otherwise be a default in silence. */
it.each(Object.entries(calls))('%s refuses an option that it does not have', async (_, call) => {
  const [option, run] = call;
  const misspelt = { [`${option}s`]: 1 } as never;
  await expect(Promise.resolve(misspelt).then(run)).rejects.toThrow(`Did you mean "${option}"?`);
});
