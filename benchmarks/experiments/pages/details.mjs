// @ts-check
import { best, independent, isSingle, overSeeds, snapshots } from '../results.mjs';
import { nameOf, number, outcomeOf, percent, table } from './format.mjs';

const SHIFTS = {
  'noise-0.2': 'noise 0.2',
  blur: 'blur',
  'rotation-15': 'rotated 15°',
  'rotation-30': 'rotated 30°',
  'noise-1': 'noise 1',
};
const UNKNOWN = {
  mnist: 'digits',
  noise: 'noise',
  'held-out': 'classes left out',
  mixed: 'mixed columns',
};
const SCORES = ['maxProbability', 'entropy', 'energy', 'mutualInformation'];
const COVERAGES = [95, 90, 80, 70, 60, 50];

/**
 * Shifted inputs, unknown inputs by each score, and error by coverage, of the best single model, the best snapshots
 * and independent networks.
 *
 * @param {import('../results.mjs').Group} group
 */
export function detailsOf(group) {
  const { task, epochs, configs } = group;
  const rival = best(configs, isSingle);
  const ours = best(configs, snapshots());
  const chosen = [
    rival,
    ours,
    // The largest that there are several draws of.
    [8, 7, 6, 5, 4, 3, 2]
      .map((size) => best(configs, independent(size)))
      .find((config) => (config?.seeds.length ?? 0) > 1),
  ].filter((config) => config !== undefined);
  if (rival === undefined || ours === undefined) return '';
  const parts = [shifted(chosen, rival, ours), unknown(chosen), coverage(chosen)].filter(Boolean);
  return `### ${task}, ${epochs} epochs\n\n${parts.join('\n\n')}`;
}

function shifted(chosen, rival, ours) {
  const names = Object.keys(SHIFTS).filter((name) => `shifted:${name}.error` in ours.scores);
  if (names.length === 0) return '';
  const rows = names.flatMap((name) =>
    ['error', 'nllCalibrated'].map((measure) => {
      const of = ({ scores }) => scores[`shifted:${name}.${measure}`];
      const show = (config) => (measure === 'error' ? percent(of(config)) : number(of(config), 3));
      return [
        SHIFTS[name],
        measure === 'error' ? 'error %' : 'calibrated NLL',
        ...chosen.map(show),
        outcomeOf([paired(of(rival), of(ours), rival.seeds, ours.seeds)]),
      ];
    }),
  );
  return table([['shift', 'measure', ...heads(chosen), 'snapshots, over seeds'], ...rows]);
}

/** @returns {[number, number] | undefined} of the gain, paired by seed */
function paired(theirs, ours, theirSeeds, ourSeeds) {
  const gains = ourSeeds
    .filter((seed) => theirSeeds.includes(seed))
    .map((seed) => theirs[theirSeeds.indexOf(seed)] - ours[ourSeeds.indexOf(seed)]);
  return gains.length > 1 ? overSeeds(gains) : undefined;
}

function unknown(chosen) {
  const rows = Object.entries(UNKNOWN).flatMap(([part, name]) =>
    SCORES.filter((score) => chosen.some(({ scores }) => scores[`unknown:${part}.${score}`])).map(
      (score) => [
        name,
        score,
        ...chosen.map(({ scores }) => number(scores[`unknown:${part}.${score}`], 3)),
      ],
    ),
  );
  return rows.length === 0
    ? ''
    : table([['unknown inputs', 'AUROC by', ...heads(chosen)], ...rows]);
}

function coverage(chosen) {
  const known = COVERAGES.filter((share) => chosen.some(({ scores }) => scores[`errorAt${share}`]));
  if (known.length === 0) return '';
  const rows = [
    ['100 %', ...chosen.map(({ scores }) => percent(scores.error))],
    ...known.map((share) => [
      `${share} %`,
      ...chosen.map(({ scores }) => percent(scores[`errorAt${share}`])),
    ]),
  ];
  return table([['surest rows', ...heads(chosen).map((name) => `error %, ${name}`)], ...rows]);
}

function heads(chosen) {
  return chosen.map(({ settings, members }) => nameOf(settings, members));
}
