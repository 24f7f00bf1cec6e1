// @ts-check
import { best, independent, isSingle, mean, overSeeds, snapshots } from '../results.mjs';

const OURS = 'snapshots, M of one run';
const BOUND = 'independent networks at M times the cost';
/** Members' two, then the single models'. */
const COLORS = ['#2462c8', '#d0661c', '#0c8a63', '#a1317a', '#6b4fc9', '#8a6d00', '#5a5f68'];
const DASHES = [
  [1, 0],
  [1, 0],
  [6, 3],
  [2, 2],
  [8, 2, 2, 2],
  [4, 4],
  [10, 4],
];
const MEASURES = [
  { measure: 'error', title: 'error', format: '.1%' },
  { measure: 'nllCalibrated', title: 'calibrated NLL', format: '.3' },
];

/**
 * Error and calibrated NLL against the number of members, each with its 95 % interval over seeds, beside every single
 * model: a Vega-Lite specification.
 *
 * @param {import('../results.mjs').Group} group
 */
export function sizeFigure({ configs }) {
  const singles = ['cosine', 'steps', 'swa', 'ema', 'early-stop'];
  const sizes = [2, 3, 4, 5, 6, 8, 10];
  const lines = [
    ...sizes.map((size) => ({ name: OURS, size, config: best(configs, snapshots(size)) })),
    ...sizes.map((size) => ({ name: BOUND, size, config: best(configs, independent(size)) })),
  ].filter(({ config }) => config !== undefined);
  const rules = singles.flatMap((method) => {
    const config = best(configs, (one) => isSingle(one) && one.settings.method === method);
    return config === undefined ? [] : [{ name: method, config }];
  });
  const domain = [OURS, BOUND, ...rules.map(({ name }) => name)];
  return {
    hconcat: MEASURES.map(({ measure, title, format }) =>
      panel({ lines, rules, measure, title, format, domain }),
    ),
    spacing: 40,
  };
}

function panel({ lines, rules, measure, title, format, domain }) {
  const values = lines.map(({ name, size, config: { scores } }) => {
    const of = scores[measure];
    const [low, high] = of.length > 1 ? overSeeds(of) : [mean(of), mean(of)];
    return { name, size, value: mean(of), low, high };
  });
  const flat = rules.map(({ name, config }) => ({ name, value: mean(config.scores[measure]) }));
  const x = {
    field: 'size',
    type: 'quantitative',
    title: 'members',
    axis: { tickMinStep: 1, format: 'd' },
    scale: { zero: false },
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    title,
    axis: { format },
    scale: { zero: false },
  };
  const name = {
    field: 'name',
    type: 'nominal',
    title: null,
    scale: { domain, range: COLORS },
    legend: {
      orient: 'bottom',
      columns: 3,
      labelLimit: 400,
      symbolType: 'stroke',
      symbolSize: 400,
    },
  };
  const strokeDash = { ...name, scale: { domain, range: DASHES } };
  return {
    width: 370,
    height: 260,
    layer: [
      {
        data: { values: flat },
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { y, color: name, strokeDash },
      },
      {
        data: { values },
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' }, color: name },
      },
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 2.5 },
        encoding: { x, y, color: name, strokeDash },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { x, y, color: name },
      },
    ],
  };
}
