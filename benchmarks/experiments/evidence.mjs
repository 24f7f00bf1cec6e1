// @ts-check
// `node benchmarks/experiments/evidence.mjs`: writes the numbers of docs/evidence.md, from the JSON of ../results.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = new URL('../../docs/evidence.md', import.meta.url);
const begin = '<!-- Generated: node benchmarks/experiments/evidence.mjs -->';
const end = '<!-- Generated until here. -->';
const singles = ['cosine', 'steps', 'swa', 'ema', 'early-stop'];

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, evidencePage());

/** docs/evidence.md as the results have it. */
export function evidencePage() {
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(`${begin}\n`);
  const after = rest?.split(end)[1];
  if (after === undefined)
    throw new RangeError(`docs/evidence.md must hold "${begin}" and "${end}".`);
  return `${before}${begin}\n<!-- prettier-ignore-start -->\n\n${decidingNumbers().join('\n')}\n\n<!-- prettier-ignore-end -->\n${end}${after}`;
}

function decidingNumbers() {
  const long = groupOf('fashion-cnn-60');
  const few = groupOf('fashion-cnn-5k-60');
  const sizes = [3, 4, 5, 6, 8, 10].map((size) => ({ size, ...best(long, snapshots(size)) }));
  const peaks = singles.map((method) => best(long, (config) => config.settings.method === method));
  const temperatures = (group, size) =>
    `${temperatureOf(best(group, snapshots(size)))} against ${temperatureOf(rivalOf(group))}`;
  return [
    '**The budget.** Snapshots beside the best single model of equal length; above 0 the snapshots are better, and a difference is one where both 95 % intervals, over rows and over seeds, say so.',
    '',
    '| images | epochs | members | fewer errors, points | lower calibrated NLL |',
    '| ------ | ------ | ------- | -------------------- | -------------------- |',
    ...['fashion-cnn-12', 'fashion-cnn-60', 'fashion-cnn-5k-20', 'fashion-cnn-5k-60'].map((name) =>
      comparisonRow(groupOf(name), name.endsWith('60') ? 8 : 4),
    ),
    '',
    `**The peak.** It must be tuned for both sides. At 60 epochs of 10,000 images, eight snapshots are best with ${best(long, snapshots(8)).settings.peak} and weight decay, single models with ${range(peaks.map(({ settings }) => settings.peak))}.`,
    '',
    '**The number of cycles**, at 60 epochs of 10,000 images:',
    '',
    `| cycles         | ${sizes.map(({ size }) => size).join(' | ')} |`,
    `| -------------- | ${sizes.map(() => '---').join(' | ')} |`,
    `| error %        | ${sizes.map(({ scores }) => (100 * mean(scores.error)).toFixed(2)).join(' | ')} |`,
    `| calibrated NLL | ${sizes.map(({ scores }) => mean(scores.nllCalibrated).toFixed(3)).join(' | ')} |`,
    '',
    `**Calibration.** Snapshots of a long run need a temperature as well, a smaller one than the best single model of that length: eight of 60 epochs ${temperatures(long, 8)} with 10,000 images, ${temperatures(few, 8)} with 5,000. Four of 12 epochs need ${temperatureOf(best(groupOf('fashion-cnn-12'), snapshots(4)))}.`,
  ];
}

/** @param {string} name */
function groupOf(name) {
  return JSON.parse(readFileSync(new URL(`../results/gpu/${name}.json`, import.meta.url), 'utf8'));
}

/** @param {number} size */
function snapshots(size) {
  return ({ settings, members }) =>
    settings.method === 'snapshots' && settings.first === undefined && members === size;
}

/** The configuration that validation chooses, by calibrated NLL. */
function best({ configs }, allowed) {
  const validation = ({ scores }) => mean(scores['validation.nllCalibrated']);
  const [first, ...others] = configs.filter((config) => config.all && allowed(config));
  return others.reduce((one, other) => (validation(other) < validation(one) ? other : one), first);
}

function rivalOf(group) {
  return best(group, ({ settings }) => singles.includes(settings.method));
}

/** Snapshots beside the rival of the group, as a row of a table. */
function comparisonRow(group, size) {
  const { settings } = best(group, snapshots(size));
  const { error, nllCalibrated } = group.comparisons.find(
    (found) => found.members === size && same(found.settings, settings),
  );
  const cells = [
    group.train.toLocaleString('en'),
    group.epochs,
    size,
    difference(error, 100, 2),
    difference(nllCalibrated, 1, 3),
  ];
  return `| ${cells.join(' | ')} |`;
}

function difference({ gain, overRows, overSeeds }, scale, digits) {
  const show = (value) => (scale * value).toFixed(digits);
  const bounds = [overRows, overSeeds];
  const outcome = bounds.every(([low]) => low > 0)
    ? 'better'
    : bounds.every(([, high]) => high < 0)
      ? 'worse'
      : 'no clear difference';
  return `${show(gain)} (${bounds.map(([low, high]) => `${show(low)} to ${show(high)}`).join('; ')}): ${outcome}`;
}

function same(a, b) {
  const sorted = (settings) => JSON.stringify(Object.entries(settings).sort());
  return sorted(a) === sorted(b);
}

function temperatureOf({ scores }) {
  return mean(scores.temperature).toFixed(2);
}

function range(values) {
  const show = (value) => String(Number(value.toPrecision(3)));
  return `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
