import { beforeAll, describe, expect, it } from 'vitest';
import { leaveDirt, noiseTensor, on, prepareBackends, relativeError, tf } from './backends.ts';
import { gradientError } from './finite-differences.ts';
import { sweep, type SweepCase } from './sweep-cases.ts';

beforeAll(prepareBackends);

type Apply = (...inputs: tf.Tensor[]) => tf.Tensor;

/**
 * A number that depends on every gradient of a call's square, as a gradient penalty and a step of MAML do: of the square, so that the gradients
 * of linear functions depend on something too. What stands for the inputs themselves gives those a path that have no other.
 */
const penalty =
  (apply: Apply): Apply =>
  (...inputs) => {
    const squared = (...of: tf.Tensor[]): tf.Tensor => apply(...of).square();
    const gradients = tf.grads(squared)(inputs, noiseTensor(apply(...inputs).shape, 9));
    const weighted = gradients.map((gradient, i) =>
      gradient.mul(noiseTensor(gradient.shape, i + 5)),
    );
    return tf.addN([...weighted, ...inputs].map((each) => each.sum()));
  };

const makeInputs = ({ shapes }: SweepCase): tf.Tensor[] =>
  shapes.map((shape, i) => noiseTensor(shape, i + 1));

/** The gradients of the penalty with respect to every input, or the error with which the backend refuses. */
function evaluate(sweepCase: SweepCase): Float32Array[] | Error {
  try {
    return tf.tidy(() => {
      leaveDirt();
      return tf
        .grads(penalty(sweepCase.apply as Apply))(makeInputs(sweepCase))
        .map((gradient) => gradient.dataSync().slice() as Float32Array);
    });
  } catch (error) {
    return error as Error;
  }
}

/** What is wrong with a case on the wasm backend; undefined if nothing is, or if the cpu backend refuses too. */
async function faultOf(sweepCase: SweepCase): Promise<string | undefined> {
  const { name, judge, apply, reference = apply } = sweepCase;
  const expected = await on('cpu', () => evaluate({ ...sweepCase, apply: reference }));
  const actual = await on('wasm', () => evaluate(sweepCase));
  if (expected instanceof Error && actual instanceof Error) return undefined;
  if (actual instanceof Error) return `${name}: ${actual.message}`;
  if (judge === 'cpu' && !(expected instanceof Error)) {
    const errors = expected.map((numbers, i) => relativeError(actual[i]!, numbers));
    return errors.every((error) => error < 1e-3) ? undefined : `${name}: ${errors.join(', ')}`;
  }
  const error = await on('wasm', () => differencesError(sweepCase, actual));
  return error < 2e-2 ? undefined : `${name}: ${error} from finite differences`;
}

function differencesError(sweepCase: SweepCase, gradients: readonly Float32Array[]): number {
  return tf.tidy(() => {
    const inputs = makeInputs(sweepCase).map((input) => tf.variable(input));
    const loss = (): tf.Scalar => penalty(sweepCase.apply as Apply)(...inputs) as tf.Scalar;
    const errors = inputs.map((input, i) => gradientError(loss, input, gradients[i]!));
    inputs.forEach((input) => {
      input.dispose();
    });
    return Math.max(...errors);
  });
}

/** The cpu backend takes seconds for each of the wide ones. */
const judged = (group: string, cases: readonly SweepCase[]): readonly SweepCase[] =>
  group === 'convolutions in tiles' && process.env['TIER'] !== 'long' ? cases.slice(0, 4) : cases;

describe('gradients of second order are right wherever the cpu backend has them', () => {
  it.each(Object.entries(sweep))(
    '%s',
    async (group, cases) => {
      const faults: string[] = [];
      for (const sweepCase of judged(group, cases)) {
        const fault = await faultOf(sweepCase);
        if (fault !== undefined) faults.push(fault);
      }
      expect(faults).toEqual([]);
    },
    600_000,
  );
});

it('sees a gradient that is wrong, and one that is missing', async () => {
  const factor = (x: tf.Tensor): tf.Tensor => x.square().mul(tf.getBackend() === 'wasm' ? 1.01 : 1);
  const off: SweepCase = { name: 'off', shapes: [[3, 5]], apply: factor, judge: 'cpu' };
  expect(await faultOf(off)).toContain('off: ');
  const refuses = (x: tf.Tensor): tf.Tensor => (tf.getBackend() === 'wasm' ? x.elu() : x.square());
  expect(await faultOf({ ...off, apply: refuses })).toContain('not found for EluGrad');
});

it('differentiates a step of gradient descent of a network with batch normalization (MAML)', async () => {
  const gradients = (): number[] =>
    tf.tidy(() => {
      const x = noiseTensor([2, 6, 6, 3], 1) as tf.Tensor4D;
      const filters = [noiseTensor([3, 3, 3, 8], 2), noiseTensor([3, 3, 8, 8], 3)] as tf.Tensor4D[];
      const loss = (...[first, second]: tf.Tensor[]): tf.Tensor => {
        const hidden = tf.conv2d(x, first as tf.Tensor4D, 1, 'same');
        const { mean, variance } = tf.moments(hidden, [0, 1, 2]);
        const [offset, scale] = [tf.zeros<tf.Rank.R1>([8]), tf.ones<tf.Rank.R1>([8])];
        const moments = [mean, variance] as [tf.Tensor1D, tf.Tensor1D];
        const normed = tf.batchNorm(hidden, ...moments, offset, scale);
        return tf
          .conv2d(normed.relu<tf.Tensor4D>(), second as tf.Tensor4D, 1, 'same')
          .square()
          .mean();
      };
      const afterOneStep = (...weights: tf.Tensor[]): tf.Tensor => {
        const steps = tf.grads(loss)(weights);
        return loss(...weights.map((weight, i) => weight.sub(steps[i]!.mul(0.1))));
      };
      const found = tf.grads(afterOneStep)(filters);
      return found.flatMap((gradient) => [...gradient.dataSync()]);
    });
  const expected = await on('cpu', gradients);
  expect(relativeError(await on('wasm', gradients), expected)).toBeLessThan(1e-3);
});
