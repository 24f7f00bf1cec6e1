import type { WeightMap } from '../artifacts/weights.ts';
import { ExportError } from '../errors.ts';
import type { TensorData } from '../onnx/tensor-data.ts';

/**
 * The weight `prefix/name`. Models of the Python converter put the name of an RNN cell in between, which tfjs leaves out
 * when it loads them, and so does this.
 */
export function lookUp(weights: WeightMap, prefix: string, name: string): TensorData | undefined {
  const exact = weights.get(`${prefix}/${name}`);
  if (exact !== undefined) return exact;
  for (const [key, tensor] of weights) {
    const parts = key.split('/');
    if (parts.at(-1) === name && parts.slice(0, -2).join('/') === prefix) return tensor;
  }
  return undefined;
}

/** The same, where it must be there and of this shape. Throws `ExportError('invalid-weights')`. */
export function findWeight(
  weights: WeightMap,
  prefix: string,
  name: string,
  shape: readonly number[],
): TensorData {
  const found = lookUp(weights, prefix, name);
  const problem =
    found === undefined
      ? 'is missing'
      : found.shape.join() === shape.join()
        ? undefined
        : `has shape [${found.shape.join(', ')}], its layer needs [${shape.join(', ')}]`;
  if (problem === undefined) return found!;
  throw new ExportError(
    'invalid-weights',
    `Weight "${prefix}/${name}" ${problem}. Weights and topology belong to different models, or one of them is truncated; save the model again.`,
  );
}
