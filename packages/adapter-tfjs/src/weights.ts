import type { NamedTensor, TensorSpec } from '@snapshot-ensemble/snapshot-core';

import { TfjsAdapterError } from './errors.ts';
import type { LayersModel, Tensor, Tf, Variable } from './tf.ts';

/** A device tensor and the name it is stored under. */
export interface NamedDeviceTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

interface WeightOwner {
  readonly weights: LayersModel['weights'];
  readonly layers?: readonly WeightOwner[];
}

/**
 * The model's live variables, layer by layer, under the names tfjs saves them by. `model.weights` has another order,
 * which changes when a layer is frozen.
 */
export function modelVariables(model: LayersModel): readonly NamedDeviceTensor[] {
  const weights = new Set([...layerWeights(model), ...model.weights]);
  return [...weights].map((weight) => ({ name: weight.originalName, tensor: weight.read() }));
}

/** Refuses a model two of whose weights have one name, as layers of two submodels may: only one of them could be stored. */
export function checkNames(model: LayersModel): void {
  const names = modelVariables(model).map(({ name }) => name);
  const clashing = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
  if (clashing.length === 0) return;
  throw new TfjsAdapterError(
    'weight-names',
    `The model "${model.name}" has several weights named ${clashing.map((name) => `"${name}"`).join(', ')}, of which only one could be ` +
      "stored. Give their layers names of their own: tf.layers.dense({ name: 'encoder_dense', … }).",
  );
}

function* layerWeights(owner: WeightOwner): Generator<LayersModel['weights'][number]> {
  for (const layer of owner.layers ?? []) yield* layerWeights(layer);
  yield* owner.weights;
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

/** Passes tensors on; throws `non-finite-weight` at the first number among them that is none. */
export async function* checkFinite(
  tensors: AsyncIterable<NamedTensor>,
): AsyncGenerator<NamedTensor, void> {
  for await (const tensor of tensors) {
    const found =
      tensor.dtype === 'float32' && tensor.data.find((value) => !Number.isFinite(value));
    if (found !== false && found !== undefined) {
      throw new TfjsAdapterError(
        'non-finite-weight',
        `The weight "${tensor.name}" holds ${found}, so these weights are not saved; what was saved before stays. The training has diverged: ` +
          'lower its peak learning rate (lrInit), clip gradients, or look for NaN in the data.',
      );
    }
    yield tensor;
  }
}

/**
 * Assigns stored values to variables, in order. Not by name: tfjs numbers its layers by how many a process has made,
 * so that the same model has other names in another process.
 */
export async function assignWeights(
  tf: Tf,
  variables: readonly NamedDeviceTensor[],
  weights: AsyncIterable<NamedTensor>,
): Promise<void> {
  let count = 0;
  for await (const weight of weights) {
    const variable = variables[count]?.tensor;
    checkFits(weight, variable, count);
    // Not LayerVariable.write: it would push the stored value through the layer's constraint.
    tf.tidy(() => {
      (variable as Variable).assign(toDevice(tf, weight));
    });
    count += 1;
  }
  if (count < variables.length) {
    throw mismatch(`got only ${count}; the model has ${variables.length}`);
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
  index: number,
): asserts variable {
  if (variable === undefined) {
    throw mismatch(`"${weight.name}" is number ${index + 1}, and the model has ${index}`);
  }
  const [came, has] = [weight, variable].map(({ dtype, shape }) => `${dtype} [${String(shape)}]`);
  if (came !== has) throw mismatch(`"${weight.name}" is ${came!}, and the model has ${has!} there`);
}

function mismatch(problem: string): TfjsAdapterError {
  return new TfjsAdapterError(
    'weights-mismatch',
    `Cannot write the weights: ${problem}. Write the weights of a model of the same topology.`,
  );
}

function unsupported(name: string, dtype: string): TfjsAdapterError {
  return new TfjsAdapterError(
    'unsupported-weight',
    `The weight "${name}" is ${dtype}; tfjs variables of float32, int32 and bool can be stored.`,
  );
}
