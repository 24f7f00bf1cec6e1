import { expect, it } from 'vitest';
import { tryTraining, tryTrainingInWorker } from '../test/browser.ts';

it.each([
  ['the page', tryTraining],
  ['a dedicated worker', tryTrainingInWorker],
])('trains on the shared memory of the threaded backend in %s', async (_, train) => {
  const { isShared, gradientError, losses } = await train();
  expect(crossOriginIsolated).toBe(true);
  expect(isShared).toBe(true);
  expect(gradientError).toBeLessThan(1e-4);
  expect(losses[1]).toBeLessThan(losses[0] / 2);
});
