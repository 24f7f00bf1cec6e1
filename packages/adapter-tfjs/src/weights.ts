import type { NamedTensor, TensorSpec } from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';
import type { LayersModel, Tensor, Tf, Variable } from './tf.ts';

/** A device tensor and the name it is stored under. */
export interface NamedDeviceTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/** The model's live variables in its own order, under the names tfjs saves them by. */
export function modelVariables(model: LayersModel): readonly NamedDeviceTensor[] {
  return model.weights.map((weight) => ({ name: weight.originalName, tensor: weight.read() }));
}

/** Name, dtype and shape of each. */
export function specsOf(tensors: readonly NamedDeviceTensor[]): readonly TensorSpec[] {
  return tensors.map(({ name, tensor }) => ({
    name,
    dtype: dtypeOf(name, tensor),
    shape: tensor.shape,
  }));
}

/**
 * Yields host copies of tensors as they are when iteration starts, one at a time. Clones share their buffers with
 * the variables until those are assigned, so that holding them costs nothing.
 */
export async function* hostCopies(
  tensors: () => readonly NamedDeviceTensor[],
): AsyncGenerator<NamedTensor, void> {
  const clones = tensors().map(({ name, tensor }) => ({ name, tensor: tensor.clone() }));
  try {
    for (const { name, tensor } of clones) yield await hostCopy(name, tensor);
  } finally {
    for (const { tensor } of clones) tensor.dispose();
  }
}

/** Assigns stored values to variables by name; names, shapes and dtypes must be the same set. */
export async function assignWeights(
  tf: Tf,
  variables: readonly NamedDeviceTensor[],
  weights: AsyncIterable<NamedTensor>,
): Promise<void> {
  const waiting = new Map(variables.map(({ name, tensor }) => [name, tensor]));
  for await (const weight of weights) {
    const variable = waiting.get(weight.name);
    checkFits(weight, variable, [...waiting.keys()]);
    // Not LayerVariable.write: it would push the stored value through the layer's constraint.
    tf.tidy(() => {
      (variable as Variable).assign(toDevice(tf, weight));
    });
    waiting.delete(weight.name);
  }
  if (waiting.size > 0) {
    throw new TfjsAdapterError(
      'weights-mismatch',
      `Cannot write the weights: nothing came for ${[...waiting.keys()].map((name) => `"${name}"`).join(', ')}. ` +
        'Write the weights of a model of the same topology.',
    );
  }
}

/** A host tensor on the device; the caller disposes of it. */
export function toDevice(tf: Tf, { name, dtype, shape, data }: NamedTensor): Tensor {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') {
    return tf.tensor(data, [...shape], dtype);
  }
  throw unsupported(name, dtype);
}

async function hostCopy(name: string, tensor: Tensor): Promise<NamedTensor> {
  const { shape } = tensor;
  // The cpu backend hands out its own buffer: slice() makes it a copy.
  const data = (await tensor.data()).slice();
  switch (tensor.dtype) {
    case 'float32':
      return { name, dtype: 'float32', shape, data: data as Float32Array };
    case 'int32':
      return { name, dtype: 'int32', shape, data: data as Int32Array };
    case 'bool':
      return { name, dtype: 'bool', shape, data: data as Uint8Array };
    case 'string':
    case 'complex64':
      throw unsupported(name, tensor.dtype);
  }
}

function dtypeOf(name: string, { dtype }: Tensor): TensorSpec['dtype'] {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw unsupported(name, dtype);
}

function checkFits(
  weight: NamedTensor,
  variable: Tensor | undefined,
  allowed: readonly string[],
): asserts variable {
  const problem =
    variable === undefined
      ? `the model has no such weight left to write; it waits for ${allowed.map((name) => `"${name}"`).join(', ')}`
      : variable.dtype !== weight.dtype || String(variable.shape) !== String(weight.shape)
        ? `it is ${weight.dtype} [${String(weight.shape)}], the model has ${variable.dtype} [${String(variable.shape)}]`
        : undefined;
  if (problem === undefined) return;
  throw new TfjsAdapterError(
    'weights-mismatch',
    `Cannot write the weight "${weight.name}": ${problem}. Write the weights of a model of the same topology.`,
  );
}

function unsupported(name: string, dtype: string): TfjsAdapterError {
  return new TfjsAdapterError(
    'unsupported-weight',
    `The weight "${name}" is ${dtype}; tfjs variables of float32, int32 and bool can be stored.`,
  );
}
