import { beforeAll, describe, expect, it } from 'vitest';
import { leaveDirt, noiseTensor, on, prepareBackends, relativeError, tf } from './backends.ts';
import { gradientError } from './finite-differences.ts';
import { sweep, type SweepCase } from './sweep-cases.ts';

beforeAll(prepareBackends);

type Numbers = Float32Array;
const numbersOf = (tensors: readonly tf.Tensor[]): Numbers[] =>
  tensors.map((tensor) => tensor.dataSync().slice() as Float32Array);
const asFunction = ({ apply }: SweepCase) => apply as (...inputs: tf.Tensor[]) => tf.Tensor;

/** The output, then the gradient of every input. */
function evaluate(sweepCase: SweepCase, isDirty: boolean): Numbers[] {
  return tf.tidy(() => {
    const inputs = sweepCase.shapes.map((shape, i) => noiseTensor(shape, i + 1));
    const apply = asFunction(sweepCase);
    const dy = noiseTensor(apply(...inputs).shape, 9);
    if (isDirty) leaveDirt();
    const gradients = tf.grads(apply)(inputs, dy);
    if (isDirty) leaveDirt();
    return numbersOf([apply(...inputs), ...gradients]);
  });
}

/** Largest difference between the gradients and central differences. */
function differencesError(sweepCase: SweepCase, gradients: readonly Numbers[]): number {
  return tf.tidy(() => {
    const inputs = sweepCase.shapes.map((shape, i) => tf.variable(noiseTensor(shape, i + 1)));
    const apply = asFunction(sweepCase);
    const dy = noiseTensor(apply(...inputs).shape, 9);
    const loss = (): tf.Scalar =>
      apply(...inputs)
        .mul(dy)
        .sum();
    const errors = inputs.map((input, i) => gradientError(loss, input, gradients[i]!));
    inputs.forEach((input) => {
      input.dispose();
    });
    return Math.max(...errors);
  });
}

/** What is wrong with a case; undefined if nothing is. */
async function faultOf(sweepCase: SweepCase): Promise<string | undefined> {
  try {
    const fault = await differenceOf(sweepCase);
    return fault === undefined ? undefined : `${sweepCase.name}: ${fault}`;
  } catch (error) {
    return `${sweepCase.name}: ${String(error)}`;
  }
}

async function differenceOf(sweepCase: SweepCase): Promise<string | undefined> {
  const actual = await on('wasm', () => evaluate(sweepCase, true));
  const clean = await on('wasm', () => evaluate(sweepCase, false));
  if (clean.some((numbers, i) => !Object.is(relativeError(actual[i]!, numbers), 0)))
    return 'depends on what the memory held';
  const isOfCpu = sweepCase.judge === 'cpu';
  const { apply, reference = apply } = sweepCase;
  const ofCpu = { ...sweepCase, apply: reference };
  const expected = await on('cpu', () => (isOfCpu ? evaluate(ofCpu, false) : outputOf(ofCpu)));
  const errors = expected.map((numbers, i) => relativeError(actual[i]!, numbers));
  if (!errors.every((error) => error < 1e-4)) return `${errors.join(', ')} from the cpu backend`;
  if (isOfCpu) return undefined;
  const error = await on('wasm', () => differencesError(sweepCase, actual.slice(1)));
  return error < 1e-2 ? undefined : `${error} from finite differences`;
}

const outputOf = (sweepCase: SweepCase): Numbers[] =>
  tf.tidy(() =>
    numbersOf([
      asFunction(sweepCase)(...sweepCase.shapes.map((shape, i) => noiseTensor(shape, i + 1))),
    ]),
  );

describe('every kernel that a gradient uses is right', () => {
  it.each(Object.entries(sweep))(
    '%s',
    async (_, cases) => {
      const faults: string[] = [];
      for (const sweepCase of cases) {
        const fault = await faultOf(sweepCase);
        if (fault !== undefined) faults.push(fault);
      }
      expect(faults).toEqual([]);
    },
    600_000,
  );

  const count = Object.values(sweep).flat().length;
  it(`judged ${count} calls`, () => {
    expect(count).toBeGreaterThan(process.env['TIER'] === 'long' ? 1379 : 400);
  });
});

it('leaves out no kernel of the backend that has a gradient', async () => {
  await tf.setBackend('wasm');
  const names = new Set<string>();
  for (const sweepCase of Object.values(sweep).flat()) {
    const { kernelNames } = await tf.profile(() => {
      evaluate(sweepCase, false);
    });
    for (const name of kernelNames) names.add(name);
  }
  const missing = tf
    .getKernelsForBackend('wasm')
    .map(({ kernelName }) => kernelName)
    .filter((name) => (tf.getGradient(name) as unknown) !== undefined && !names.has(name));
  expect(missing).toEqual([]);
});

it('sees a gradient that is a thousandth off, and memory that is not cleared', async () => {
  const onlyOnWasm = (x: tf.Tensor): tf.Tensor => x.mul(tf.getBackend() === 'wasm' ? 1.001 : 1);
  const off: SweepCase = { name: 'off', shapes: [[3, 5]], apply: onlyOnWasm, judge: 'cpu' };
  expect(await faultOf(off)).toContain('off: ');
  let calls = 0;
  const drifts = (x: tf.Tensor): tf.Tensor => x.mul(++calls);
  expect(await faultOf({ ...off, apply: drifts })).toContain('depends on what the memory held');
});
