import {
  openInferenceDatatypes,
  readBundle,
  type BundleSource,
  type BundleTensor,
  type OpenInferenceTensor,
  type SmokeTest,
} from '@snapshot-ensemble/ensemble-bundle';
import { answerLocally } from '../verify/answer-locally.ts';

/** Two rows show that rows are kept apart. */
const rows = 2;
/** Other runtimes add in another order. */
const tolerance = { absolute: 1e-5, relative: 1e-4 };

/** A request of made-up numbers and the answer that the bundle gives to it here and now. */
export async function makeSmokeTest(bundle: BundleSource): Promise<SmokeTest> {
  const { manifest } = await readBundle(bundle);
  const request = { inputs: manifest.inputs.map(madeUp) };
  const outputs = manifest.outputs.filter(({ role }) => role !== 'members');
  const answer = await answerLocally(
    bundle,
    request,
    outputs.map(({ name }) => name),
  );
  return {
    request,
    expected: { model_name: manifest.name, outputs: answer, parameters: tolerance },
  };
}

/** Real numbers are spread over [0, 1); integers, which may be indices of anything, are 0. */
function madeUp({ name, dtype, shape }: BundleTensor): OpenInferenceTensor {
  // A free size may be any; one of two shows most mistakes.
  const sides = shape.map((side) => (typeof side === 'number' ? side : rows));
  const length = sides.reduce((product, side) => product * side, 1);
  const isReal = dtype === 'float32' || dtype === 'float16';
  return {
    name,
    shape: sides,
    datatype: openInferenceDatatypes[dtype],
    data: Array.from({ length }, (_, index) =>
      isReal ? Math.fround((index * goldenRatio) % 1) : dtype === 'bool' ? false : 0,
    ),
  };
}

/** Its multiples modulo 1 are spread evenly, however many there are. */
const goldenRatio = (1 + Math.sqrt(5)) / 2;
