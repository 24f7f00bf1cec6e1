import { expect, it } from 'vitest';
import { tryTraining, tryTrainingInWorker } from '../test/browser.ts';

it.each([
  ['the page', tryTraining],
  ['a dedicated worker', tryTrainingInWorker],
])('trains in %s as the cpu backend does', async (_, train) => {
  const { isShared, gradientError, losses } = await train();
  expect(crossOriginIsolated).toBe(false);
  expect(isShared).toBe(false);
  expect(gradientError).toBeLessThan(1e-4);
  expect(losses[1]).toBeLessThan(losses[0] / 2);
});
