import { describe, expect, it } from 'vitest';
import { coverageOf, distributions } from './coverage.ts';

const isLong = process.env['TIER'] === 'long';
const repetitions = isLong ? 2000 : 20;
const names = Object.keys(distributions) as (keyof typeof distributions)[];

/** The table of the README. `npm run test:long` prints it with 2,000 samples a cell; without, few of the small ones. */
describe(`coverage of the 95 % interval of a mean, ${repetitions} samples each`, () => {
  const sizes = isLong ? [50, 100, 200, 500, 1000, 2000, 5000, 10_000] : [50, 500];

  it.each(sizes.flatMap((rows) => names.map((name) => [name, rows] as const)))(
    '%s, %i rows',
    (name, rows) => {
      const coverage = coverageOf(distributions[name], {
        rows,
        repetitions,
        resamples: isLong ? 999 : 99,
      });
      // The table is what the long run is for.
      // eslint-disable-next-line no-console
      if (isLong) console.log(`${name}, ${rows} rows: ${coverage.toFixed(3)}`);
      // At 0.93 three standard deviations of 2,000 samples are 0.017; of 20 samples 0.17.
      const promised = rows >= 500 ? 0.93 : 0.9;
      expect(coverage).toBeGreaterThanOrEqual(promised - (isLong ? 0.017 : 0.17));
    },
    3_600_000,
  );
});
