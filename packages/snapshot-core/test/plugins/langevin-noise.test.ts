import { describe, expect, it } from 'vitest';
import { langevinNoise, type LangevinNoiseOptions } from '../../src/index.ts';
import { toyTrainer } from './toy-trainer.ts';

/** Standard deviation and seed of the noise that each step of a run was given. */
async function noises(
  options: Partial<LangevinNoiseOptions> = {},
  firstStep = 0,
): Promise<[deviation: number, seed: number][]> {
  const toy = toyTrainer();
  const given: [number, number][] = [];
  toy.perturbWeights = (deviation, seed) => void given.push([deviation, seed]);
  const noise = langevinNoise({ schedule: () => 0.02, rows: 100, seed: 3, ...options });
  await toy.train(noise, { totalSteps: 4, stepsPerEpoch: 2, firstStep });
  return given;
}

describe('langevinNoise', () => {
  it.each<[Partial<LangevinNoiseOptions>, number[]]>([
    [{}, [0.02, 0.02, 0.02, 0.02]],
    [{ temperature: 0.25 }, [0.01, 0.01, 0.01, 0.01]],
    [{ temperature: 0 }, [0, 0, 0, 0]],
    [{ rows: 1, schedule: (step) => step / 2 }, [0, 1, Math.SQRT2, Math.sqrt(3)]],
  ])('with %j has variance 2 · lr · temperature / rows', async (options, deviations) => {
    const given = await noises(options);
    expect(given).toHaveLength(deviations.length);
    given.forEach(([deviation], step) => {
      expect(deviation).toBeCloseTo(deviations[step]!, 12);
    });
  });

  it('perturbs the sampling stage only', async () => {
    expect(await noises({ isSampling: ({ epoch }) => epoch === 1 })).toHaveLength(2);
  });

  it('gives each step a seed of its own, the same when a run is resumed', async () => {
    const uncut = await noises();
    expect(new Set(uncut.map(([, seed]) => seed)).size).toBe(4);
    expect(await noises({}, 2)).toEqual(uncut.slice(2));
  });

  it.each([[{ rows: 0 }], [{ temperature: -1 }], [{ rows: Number.NaN }]])(
    'refuses %j',
    async (options) => {
      await expect(noises(options)).rejects.toThrow(
        /^langevinNoise: rows is .*; expected rows above 0/,
      );
    },
  );

  it('refuses a trainer that cannot add noise', async () => {
    const noise = langevinNoise({ schedule: () => 0.02, rows: 100, seed: 3 });
    await expect(toyTrainer().train(noise, { totalSteps: 4, stepsPerEpoch: 2 })).rejects.toThrow(
      'langevinNoise: this trainer has no perturbWeights',
    );
  });
});
