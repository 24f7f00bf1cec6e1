// @ts-check

/**
 * Runs of one task and one budget, trained side by side on the GPU.
 *
 * @typedef {import('../recipes.mjs').Settings & { seeds: readonly number[] }} Config
 * @typedef {{ task: string, epochs: number, configs: readonly Config[] }} Group
 */

/** @param {number} count */
const seedsTo = (count) => Array.from({ length: count }, (_, seed) => seed);

/** @returns {Group[]} In the order in which they are worth having, should time run out. */
export function groups() {
  const five = seedsTo(5);
  const decays = [0, 5e-4];
  const peaks = [0.025, 0.05, 0.1];
  return [
    {
      task: 'fashion-cnn',
      epochs: 60,
      configs: [
        ...rivals({ peaks, decays, seeds: five, deepSeeds: seedsTo(8) }),
        ...ours({ cycles: [3, 4, 5, 6, 8, 10], longFirst: [4, 6, 8], peaks, decays, seeds: five }),
      ],
    },
    ...[8, 12, 16, 20, 30].map((epochs) => ({
      task: 'fashion-cnn',
      epochs,
      configs: [
        ...cosines({ peaks, decays, seeds: five }),
        ...(epochs === 12
          ? [
              ...rivals({ peaks, decays, seeds: five }).filter(({ method }) => method !== 'cosine'),
              ...ours({ cycles: [3, 4, 6], longFirst: [3, 4], peaks, decays, seeds: five }),
            ]
          : []),
      ],
    })),
    ...[
      { epochs: 60, cycles: [3, 4, 6, 8], more: 5, longFirst: 6 },
      { epochs: 20, cycles: [2, 3, 4, 5], more: 6, longFirst: 3 },
      { epochs: 40, cycles: [4, 6], more: 5, longFirst: 4 },
    ].map(({ epochs, ...cycles }) => ({
      task: 'fashion-resnet20',
      epochs,
      configs: resnets({ ...cycles, seeds: seedsTo(3) }),
    })),
    ...[20, 60].map((epochs) => ({
      task: 'fashion-cnn-5k',
      epochs,
      configs: [
        ...cosines({ peaks, decays, seeds: five }),
        ...(epochs > 20
          ? [
              ...withEach({ method: 'steps' }, { peak: peaks }, decays, five),
              ...withEach({ method: 'swa' }, { peak: peaks, tailRate: [0.01, 0.03] }, decays, five),
              ...withEach({ method: 'early-stop', annealed: true }, { peak: peaks }, decays, five),
            ]
          : []),
        ...withEach(
          { method: 'snapshots' },
          { peak: [0.05, 0.1], cycles: [4, 6, 8] },
          decays,
          five,
        ),
        ...withEach({ method: 'tails' }, { peak: [0.05, 0.1], cycles: [4, 8] }, decays, five),
      ],
    })),
    {
      task: 'letters-mlp',
      epochs: 100,
      configs: [
        ...rivals({
          peaks: [0.05, 0.1, 0.2],
          decays: [1e-4, 5e-4],
          seeds: five,
          deepSeeds: seedsTo(8),
        }),
        ...ours({
          cycles: [3, 4, 5, 8],
          longFirst: [4, 6],
          peaks: [0.05, 0.1, 0.2],
          decays: [1e-4, 5e-4],
          seeds: five,
        }),
      ],
    },
    {
      task: 'letters-mlp',
      epochs: 30,
      configs: cosines({ peaks: [0.05, 0.1, 0.2], decays: [1e-4, 5e-4], seeds: five }),
    },
    {
      task: 'diamonds-mlp',
      epochs: 60,
      configs: [
        ...rivals({
          peaks: [0.01, 0.03, 0.1],
          decays: [0, 1e-4],
          seeds: five,
          deepSeeds: seedsTo(8),
        }),
        ...ours({
          cycles: [3, 4, 5, 8],
          longFirst: [4, 6],
          peaks: [0.01, 0.03, 0.1],
          decays: [0, 1e-4],
          seeds: five,
        }),
      ],
    },
    {
      task: 'diamonds-mlp',
      epochs: 20,
      configs: cosines({ peaks: [0.01, 0.03, 0.1], decays: [0, 1e-4], seeds: five }),
    },
    {
      task: 'fashion-cnn-held-out',
      epochs: 60,
      configs: [
        ...cosines({ peaks: [0.05], decays, seeds: five }),
        ...withEach({ method: 'steps' }, { peak: [0.05] }, decays, five),
        ...withEach({ method: 'snapshots' }, { peak: [0.05], cycles: [4, 8] }, decays, five),
      ],
    },
    { task: 'fashion-cnn-held-out', epochs: 12, configs: cosines({ peaks, decays, seeds: five }) },
  ];
}

/**
 * A net with batch normalization, always with weight decay. At most 64 runs: as many as fit side by side.
 *
 * @param {{ cycles: readonly number[], more: number, longFirst: number, seeds: readonly number[] }} options `more` is a number of cycles tried with one peak only.
 * @returns {Config[]}
 */
function resnets({ cycles, more, longFirst, seeds }) {
  const decays = [5e-4];
  return [
    ...cosines({ peaks: [0.05, 0.1, 0.2, 0.4], decays, seeds }),
    ...withEach({ method: 'steps' }, { peak: [0.1, 0.2] }, decays, seeds),
    ...withEach({ method: 'swa' }, { peak: [0.1, 0.2], tailRate: [0.05] }, decays, seeds),
    ...withEach({ method: 'ema', decay: 0.999 }, { peak: [0.05] }, decays, seeds),
    ...withEach({ method: 'ema', decay: 0.999, annealed: true }, { peak: [0.2] }, decays, seeds),
    ...withEach({ method: 'early-stop', annealed: true }, { peak: [0.2] }, decays, seeds),
    ...withEach({ method: 'snapshots' }, { peak: [0.1, 0.2], cycles }, decays, seeds),
    ...withEach({ method: 'snapshots', cycles: more }, { peak: [0.2] }, decays, seeds),
    ...withEach(
      { method: 'snapshots', first: 0.4, laterPeak: 0.5 },
      { peak: [0.2], cycles: [longFirst] },
      decays,
      seeds,
    ),
  ];
}

/** @param {{ peaks: readonly number[], decays: readonly number[], seeds: readonly number[] }} options @returns {Config[]} */
function cosines({ peaks, decays, seeds }) {
  return withEach({ method: 'cosine' }, { peak: peaks }, decays, seeds);
}

/** @param {{ peaks: readonly number[], decays: readonly number[], seeds: readonly number[], deepSeeds?: readonly number[] }} options @returns {Config[]} */
function rivals({ peaks, decays, seeds, deepSeeds = seeds }) {
  const [low = 0, middle = 0] = peaks;
  return [
    ...cosines({ peaks: [low / 2, ...peaks], decays, seeds: deepSeeds }),
    ...withEach({ method: 'steps' }, { peak: peaks }, decays, seeds),
    ...withEach(
      { method: 'swa' },
      { peak: peaks, tailRate: [low / 2, low, middle] },
      decays,
      seeds,
    ),
    ...withEach(
      { method: 'ema' },
      { peak: [low / 2, low, middle], decay: [0.99, 0.999] },
      decays,
      seeds,
    ),
    ...withEach(
      { method: 'ema', annealed: true },
      { peak: [low, middle], decay: [0.999] },
      decays,
      seeds,
    ),
    ...withEach({ method: 'early-stop' }, { peak: [low / 2, low, middle] }, decays, seeds),
    ...withEach({ method: 'early-stop', annealed: true }, { peak: [low, middle] }, decays, seeds),
  ];
}

/**
 * @param {{ cycles: readonly number[], longFirst: readonly number[], peaks: readonly number[], decays: readonly number[], seeds: readonly number[] }} options
 * @returns {Config[]}
 */
function ours({ cycles, longFirst, peaks, decays, seeds }) {
  const high = peaks.slice(1);
  return [
    ...withEach({ method: 'snapshots' }, { peak: peaks, cycles }, decays, seeds),
    ...withEach(
      { method: 'snapshots', first: 0.4 },
      { peak: high, cycles: longFirst, laterPeak: [0.5, 1] },
      decays,
      seeds,
    ),
    ...withEach(
      { method: 'tails' },
      { peak: high, cycles: [cycles[1], cycles.at(-1) ?? 1] },
      decays,
      seeds,
    ),
    ...withEach(
      { method: 'csg-mcmc' },
      { peak: high, cycles: [4], temperature: [0.1, 1] },
      decays,
      seeds,
    ),
  ];
}

/**
 * One configuration for each combination.
 *
 * @param {{ method: string } & Partial<Config>} base @param {Record<string, readonly (number | undefined)[]>} choices
 * @param {readonly number[]} decays @param {readonly number[]} seeds
 * @returns {Config[]}
 */
function withEach(base, choices, decays, seeds) {
  let configs = decays.map((weightDecay) => ({ ...base, weightDecay, seeds }));
  for (const [name, values] of Object.entries(choices))
    configs = configs.flatMap((config) => values.map((value) => ({ ...config, [name]: value })));
  return /** @type {Config[]} */ (configs);
}
