// @ts-check
// Draws the three figures of the Python library's README from the function that trains: `npm run figures`. With `--check` it
// fails where a committed figure is not what it would draw.
import { readFileSync, writeFileSync } from 'node:fs';
import { anneal, growingCycles } from '@snapshot-ensemble/schedules';
import { visualizeLR } from '@snapshot-ensemble/schedules/pictures';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

const check = process.argv.includes('--check');
const stepsPerEpoch = 100;
const figures = [
  { file: 'standard', title: 'Standard cycles', multiplier: 1, lrMultiplier: 1 },
  { file: 'dynamic-length', title: 'Dynamic cycle length', multiplier: 1.5, lrMultiplier: 1 },
  {
    file: 'dynamic-length-and-bounds',
    title: 'Dynamic cycle length and learning-rate bounds',
    multiplier: 1.5,
    lrMultiplier: 0.9,
  },
];

for (const { file, title, multiplier, lrMultiplier } of figures) {
  const plan = growingCycles({
    totalEpochs: 500,
    stepsPerEpoch,
    cycleLength: 20,
    cycleLengthMultiplier: multiplier,
  });
  const schedule = anneal(plan, {
    lrInit: 0.01,
    lrMin: 1e-6,
    lrMultiplier,
    lrMinMultiplier: lrMultiplier,
  });
  const spec = visualizeLR(schedule, plan, { title, stepsPerEpoch, points: 600 });
  const { spec: vega } = compile(/** @type {import('vega-lite').TopLevelSpec} */ (spec));
  const svg = await new View(parse(vega), { renderer: 'none' }).toSVG();
  const place = new URL(`${file}.svg`, import.meta.url);
  if (!check) writeFileSync(place, `${svg}\n`);
  else if (readFileSync(place, 'utf8') !== `${svg}\n`) process.exitCode = 1;
  console.log(
    `${file}.svg: restarts at epochs ${plan.cycles.map(({ start }) => start / stepsPerEpoch).join(', ')}`,
  );
}
