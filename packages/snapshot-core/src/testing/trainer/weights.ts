import type { NamedTensor, Weights } from '../../tensor.ts';
import { check, checkEqual, failureCode } from '../contract.ts';
import { fingerprint, tensorStream } from '../tensors.ts';
import { textOf, train, weightsOf, type TrainerCases } from './subject.ts';

/** Weights as they are read, written and perturbed. */
export const weights: TrainerCases = {
  async 'lists its weights as it yields them'(subject) {
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        const plain = (tensors: Weights): unknown =>
          tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
        const weights = await weightsOf(trainer);
        checkEqual(plain(weights), plain(trainer.model.weights as Weights), 'the list of weights');
        check(
          new Set(weights.map(({ name }) => name)).size === weights.length,
          'two weights share a name.',
        );
        for (const { name, shape, data } of weights) {
          checkEqual(
            data.length,
            shape.reduce((product, size) => product * size, 1),
            `the length of "${name}"`,
          );
        }
      },
    });
  },
  async 'reads copies, not views'(subject) {
    let kept: Weights = [];
    let then = '';
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        kept = await weightsOf(trainer);
        then = fingerprint(kept);
        for (const { data } of await weightsOf(trainer)) data.fill(0 as never);
        checkEqual(await textOf(trainer), then, 'the weights after a copy was written to');
      },
      onTrainEnd: async (_, trainer) => {
        check(fingerprint(kept) === then, 'weights read before the training changed with it.');
        check((await textOf(trainer)) !== then, 'the training moved no weight.');
      },
    });
  },
  async 'writes weights by position'(subject) {
    let first: Weights = [];
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        first = await weightsOf(trainer);
      },
      onTrainEnd: async (_, trainer) => {
        const renamed = first.map((tensor, index) => ({ ...tensor, name: `other-${index}` }));
        await trainer.writeWeights(tensorStream(renamed));
        check(
          (await textOf(trainer)) === fingerprint(first),
          'weights came back changed from writeWeights.',
        );
      },
    });
  },
  async 'refuses weights that do not fit'(subject) {
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        const weights = await weightsOf(trainer);
        const [head] = weights;
        const wrong: Readonly<Record<string, Weights>> = {
          'too few weights': weights.slice(1),
          'too many weights': [...weights, head!],
          'another shape': weights.map((tensor, index) => (index === 0 ? grown(tensor) : tensor)),
        };
        for (const [what, tensors] of Object.entries(wrong)) {
          await failureCode(() => trainer.writeWeights(tensorStream(tensors)), what);
        }
      },
    });
  },
  async 'perturbs weights by seeded noise'(subject) {
    await train(subject, {
      onTrainBegin: async (_, trainer) => {
        if (trainer.perturbWeights === undefined) return;
        const start = await weightsOf(trainer);
        const perturbed = async (deviation: number, seed: number): Promise<string> => {
          await trainer.writeWeights(tensorStream(start));
          trainer.perturbWeights?.(deviation, seed);
          return textOf(trainer);
        };
        checkEqual(await perturbed(0, 1), fingerprint(start), 'weights after noise of deviation 0');
        const once = await perturbed(0.1, 1);
        check(once === (await perturbed(0.1, 1)), 'one seed gave two noises.');
        check(once !== (await perturbed(0.1, 2)), 'two seeds gave one noise.');
      },
    });
  },
};

function grown(tensor: NamedTensor): NamedTensor {
  return { ...tensor, shape: [...tensor.shape, 2], data: repeated(tensor.data) } as NamedTensor;
}

/** The elements of an array, twice. */
function repeated(data: NamedTensor['data']): NamedTensor['data'] {
  const Data = data.constructor as new (length: number) => NamedTensor['data'];
  const twice = new Data(data.length * 2);
  twice.set(data as never);
  return twice;
}
