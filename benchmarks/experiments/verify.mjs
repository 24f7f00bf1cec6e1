// @ts-check
// `npm run experiments -- --verify`: computes what is published from the predictions and losses that are kept, and compares.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cascades } from './cascades.mjs';
import { compared, mean } from './gpu/compared.mjs';
import { readLosses } from './kept.mjs';
import { loadGroup, results, same } from './results.mjs';
import { keptRuns, scoredRun } from './score.mjs';
import { selected } from './select.mjs';

/** Half a unit of the fourth digit of what is published. */
const ROUNDING = 5.1e-4;
/** What keeping losses as levels may add to a mean; raw likelihood, printed with three decimals, is the sum of two. */
const LEVELS = { nll: 5e-5, other: 2e-5 };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = readdirSync(join(results, 'gpu')).sort();
  const groups = files.filter((name) => name.endsWith('.rows.br'));
  const faults = [
    ...groups.flatMap((name) => groupFaults(name.replace('.rows.br', ''))),
    ...publishedFaults('tfjs.json', keptRuns().map(scoredRun)),
    ...publishedFaults('selection.json', files.flatMap(selected)),
    ...publishedFaults('cascades.json', cascades()),
  ];
  for (const fault of faults) console.error(fault);
  console.log(
    `${groups.length} groups, tfjs.json, selection.json, cascades.json: ${faults.length} faults`,
  );
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/**
 * What one group of the GPU's networks publishes and its kept losses do not give: comparisons to the digit, means
 * of each network to the four digits that are published.
 *
 * @param {string} name @param {import('./results.mjs').Group} [group] @param {import('./kept.mjs').Losses[]} [losses]
 */
export function groupFaults(name, group = loadGroup(name), losses = readLosses(name)) {
  const kept = group.configs.filter(({ rows }) => rows !== undefined);
  const of = ({ rows }) => rows.map((/** @type {number} */ row) => losses[row]);
  const means = kept.flatMap(({ settings, seeds, scores, ...config }) =>
    of(config).flatMap((/** @type {Record<string, Float64Array>} */ own, /** @type {number} */ i) =>
      Object.entries(own)
        .map(([measure, values]) => [measure, scores[measure]?.[i] ?? NaN, mean(values)])
        .filter(([measure, published, value]) => !isNear(published, value, measure))
        .map(
          ([measure, published, value]) =>
            `${name}, ${JSON.stringify(settings)}, seed ${seeds[i]}: ${measure} is ${published}, of the losses ${value}`,
        ),
    ),
  );
  const rival = kept.find(({ settings }) => same(settings, group.rival));
  const gains = group.comparisons.flatMap(({ settings, members, ...published }) => {
    const own = kept.find((one) => one.members === members && same(one.settings, settings));
    const fresh = own && rival && compared(of(own), of(rival));
    return JSON.stringify(fresh) === JSON.stringify(published)
      ? []
      : [`${name}, ${JSON.stringify(settings)}: its comparison is not that of the losses`];
  });
  return [...means, ...gains];
}

/** @param {string} file @param {any} fresh */
export function publishedFaults(file, fresh) {
  const published = JSON.parse(readFileSync(join(results, file), 'utf8'));
  return JSON.stringify(published) === JSON.stringify(fresh)
    ? []
    : [`${file} is not what the kept predictions give`];
}

/** Both not a number, or equal to four digits. @param {number} published @param {number} value @param {string} measure */
function isNear(published, value, measure) {
  if (Number.isNaN(published)) return !Number.isFinite(value) || Number.isNaN(value);
  return (
    Math.abs(published - value) <=
    ROUNDING * 10 ** Math.floor(Math.log10(Math.abs(value))) + (LEVELS[measure] ?? LEVELS.other)
  );
}
