import { expect, it } from 'vitest';
import { train } from './train.ts';

const seed = Number(process.env['TEST_SEED'] ?? 1);
const trained = train({ epochs: 300, cycles: 5, seed });

it('takes one snapshot per cycle, each of other weights', () => {
  expect(trained.snapshots).toHaveLength(5);
  expect(new Set(trained.snapshots.map(String)).size).toBe(5);
});

it('learns the spirals', () => {
  expect(trained.ensembleAccuracy).toBeGreaterThan(0.9);
});

it('is at least as good as its members on average', () => {
  const mean = trained.logLosses.reduce((sum, loss) => sum + loss, 0) / 5;
  expect(trained.ensembleLogLoss).toBeLessThan(mean);
});
