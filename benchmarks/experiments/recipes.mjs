// @ts-check
import {
  anneal,
  constant,
  cosine,
  cyclesOf,
  cyclicalSgMcmc,
  equalCycles,
  stepwise,
  swaTail,
} from '@snapshot-ensemble/schedules';

/**
 * How one network is trained and what of it is kept.
 *
 * @typedef {object} Recipe
 * @property {Float32Array} rates Learning rate of each step.
 * @property {readonly Kept[]} kept The members, in the order of their steps.
 * @property {Float32Array} [shares] Share with which the weights after each step enter the running average; 1 begins it anew, 0 leaves it.
 * @property {Float32Array} [noise] Standard deviation of the Langevin noise added after each step.
 * @property {boolean} [keepsBest] The one member is that of the epoch with the least validation NLL.
 *
 * @typedef {{ step: number, from: 'weights' | 'average' }} Kept `step` counts updates made.
 *
 * @typedef {object} Settings
 * @property {string} method
 * @property {number} peak Learning rate at the start, and at every restart unless another is said.
 * @property {number} weightDecay
 * @property {number} [cycles]
 * @property {number} [first] Share of the budget of the first cycle.
 * @property {number} [laterPeak] Peak of the cycles after the first, as a share of `peak`.
 * @property {number} [tail] Share of a cycle, or of the run, over which weights are averaged.
 * @property {number} [tailRate] Learning rate of that stage.
 * @property {number} [decay] Of the exponential average, for each step.
 * @property {number} [temperature] Of the Langevin noise; 1 samples the posterior.
 * @property {boolean} [annealed] A cosine over the whole budget instead of a constant rate.
 *
 * @typedef {{ epochs: number, stepsPerEpoch: number, rows: number }} Budget `rows` to train on.
 */

/** Weights are averaged this often in a cycle's tail. */
const AVERAGES_PER_EPOCH = 4;
const SAMPLES_PER_CYCLE = 3;

/** @type {Record<string, (settings: Settings, budget: Budget & { totalSteps: number }) => Recipe>} */
const methods = {
  cosine: ({ peak }, { totalSteps }) => ({
    rates: rates(anneal(cyclesOf([totalSteps]), { lrInit: peak, curve: cosine }), totalSteps),
    kept: [{ step: totalSteps, from: 'weights' }],
  }),

  /** The staircase of Huang et al. 2017, §4.1. */
  steps: ({ peak }, { totalSteps }) => {
    const curve = stepwise([
      { at: 0.5, factor: 0.1 },
      { at: 0.75, factor: 0.01 },
    ]);
    return {
      rates: rates(anneal(cyclesOf([totalSteps]), { lrInit: peak, curve }), totalSteps),
      kept: [{ step: totalSteps, from: 'weights' }],
    };
  },

  /** Izmailov et al. 2018: a cosine, then a constant rate at which the weights of each epoch's end are averaged. */
  swa: ({ peak, tail = 0.25, tailRate = peak }, { epochs, stepsPerEpoch, totalSteps }) => {
    const start = Math.round(epochs * (1 - tail)) * stepsPerEpoch;
    const whole = anneal(cyclesOf([totalSteps]), { lrInit: peak, curve: cosine });
    const schedule = swaTail(whole, { start, annealSteps: stepsPerEpoch, learningRate: tailRate });
    return {
      rates: rates(schedule, totalSteps),
      shares: equalShares(totalSteps, [{ start, end: totalSteps }], stepsPerEpoch),
      kept: [{ step: totalSteps, from: 'average' }],
    };
  },

  /** Polyak & Juditsky 1992: an exponential average of the weights. */
  ema: ({ peak, decay = 0.999, annealed = false }, { totalSteps }) => ({
    rates: annealed
      ? rates(anneal(cyclesOf([totalSteps]), { lrInit: peak }), totalSteps)
      : rates(constant(peak), totalSteps),
    shares: Float32Array.from({ length: totalSteps }, (_, step) =>
      Math.max(1 - decay, 1 / (step + 1)),
    ),
    kept: [{ step: totalSteps, from: 'average' }],
  }),

  /** The best epoch by validation, of a cosine or of a constant rate. */
  'early-stop': ({ peak, annealed = false }, { totalSteps }) => ({
    rates: annealed
      ? rates(anneal(cyclesOf([totalSteps]), { lrInit: peak }), totalSteps)
      : rates(constant(peak), totalSteps),
    kept: [{ step: totalSteps, from: 'weights' }],
    keepsBest: true,
  }),

  /** Huang et al. 2017; with `first`, one long cycle and then short ones, as Garipov et al. 2018 do. */
  snapshots: (settings, { totalSteps }) => {
    const plan = planOf(settings, totalSteps);
    return {
      rates: rates(annealed(plan, settings), totalSteps),
      kept: plan.cycles.map(({ end }) => ({ step: end, from: 'weights' })),
    };
  },

  /** Each member is the average of the weights over its cycle's tail. */
  tails: (settings, { totalSteps, stepsPerEpoch }) => {
    const { tail = 0.2 } = settings;
    const plan = planOf(settings, totalSteps);
    const spans = plan.cycles.map(({ start, end }) => ({
      start: Math.round(end - tail * (end - start)),
      end,
    }));
    return {
      rates: rates(annealed(plan, settings), totalSteps),
      shares: equalShares(
        totalSteps,
        spans,
        Math.max(1, Math.floor(stepsPerEpoch / AVERAGES_PER_EPOCH)),
      ),
      kept: plan.cycles.map(({ end }) => ({ step: end, from: 'average' })),
    };
  },

  /** Zhang et al. 2020: noise and several samples at the end of each cycle. */
  'csg-mcmc': ({ peak, cycles = 4, temperature = 1 }, { totalSteps, rows }) => {
    const { plan, schedule, addsNoise } = cyclicalSgMcmc({
      totalSteps,
      cycles,
      lrInit: peak,
      samplesPerCycle: SAMPLES_PER_CYCLE,
    });
    return {
      rates: rates(schedule, totalSteps),
      noise: Float32Array.from({ length: totalSteps }, (_, step) =>
        addsNoise(step) ? Math.sqrt((2 * schedule(step) * temperature) / rows) : 0,
      ),
      kept: plan.cycles.map(({ end }) => ({ step: end, from: 'weights' })),
    };
  },
};

/** @param {Settings} settings @param {Budget} budget @returns {Recipe} */
export function recipeOf(settings, budget) {
  const make = methods[settings.method];
  if (make === undefined)
    throw new RangeError(
      `There is no method "${settings.method}". Methods: ${Object.keys(methods).join(', ')}.`,
    );
  return make(settings, { ...budget, totalSteps: budget.epochs * budget.stepsPerEpoch });
}

/** Whether a method ends with one network: a rival. @param {string} method */
export function isSingle(method) {
  return !['snapshots', 'tails', 'csg-mcmc'].includes(method);
}

/** @param {Settings} settings @param {number} totalSteps */
function planOf({ cycles = 4, first }, totalSteps) {
  if (first === undefined) return equalCycles({ totalSteps, cycles });
  const long = Math.round(totalSteps * first);
  const short = equalCycles({ totalSteps: totalSteps - long, cycles: cycles - 1 });
  return cyclesOf([long, ...short.cycles.map(({ start, end }) => end - start)]);
}

/** @param {import('@snapshot-ensemble/schedules').CyclePlan} plan @param {Settings} settings */
function annealed(plan, { peak, laterPeak = 1 }) {
  return anneal(plan, {
    lrInit: peak,
    perCycle: ({ index }) => (index === 0 ? undefined : { lrMax: peak * laterPeak }),
  });
}

/** @param {import('@snapshot-ensemble/schedules').Schedule} schedule @param {number} totalSteps */
function rates(schedule, totalSteps) {
  return Float32Array.from({ length: totalSteps }, (_, step) => schedule(step));
}

/**
 * Shares of an equal average over each span, every `every` steps counted back from its end.
 *
 * @param {number} totalSteps @param {readonly { start: number, end: number }[]} spans @param {number} every
 */
function equalShares(totalSteps, spans, every) {
  const shares = new Float32Array(totalSteps);
  for (const { start, end } of spans) {
    let count = 0;
    for (
      let step = end - 1 - Math.floor((end - 1 - start) / every) * every;
      step < end;
      step += every
    )
      shares[step] = 1 / ++count;
  }
  return shares;
}
