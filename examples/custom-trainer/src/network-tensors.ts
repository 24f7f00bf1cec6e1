import type { NamedTensor, TensorSpec } from '@snapshot-ensemble/snapshot-core';
import type { Layer, Network } from './network.ts';

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export function specsOf(network: Network, prefix = ''): TensorSpec[] {
  return parametersOf(network, prefix).map(({ name, shape }) => ({
    name,
    dtype: 'float32',
    shape,
  }));
}

/** Copies of the network's weights. */
export function tensorsOf(network: Network, prefix = ''): NamedTensor[] {
  return parametersOf(network, prefix).map(({ name, shape, values }) => ({
    name,
    dtype: 'float32',
    shape,
    data: values.slice(),
  }));
}

/** Writes tensors into the network, by position. Throws a TypeError unless they fit. */
export function writeTensors(network: Network, tensors: readonly NamedTensor[]): void {
  const parameters = parametersOf(network, '');
  if (tensors.length !== parameters.length) {
    throw new TypeError(`Got ${tensors.length} tensors for ${parameters.length} weights.`);
  }
  for (const [index, { name, shape, values }] of parameters.entries()) {
    const { dtype, data, shape: given } = tensors[index]!;
    if (dtype !== 'float32' || given.join() !== shape.join()) {
      throw new TypeError(
        `Weight ${name} is float32 [${shape.join()}], got ${dtype} [${given.join()}].`,
      );
    }
    values.set(data);
  }
}

function parametersOf(network: Network, prefix: string): Parameter[] {
  return network.flatMap(({ inputs, outputs, kernel, bias }: Layer, index) => [
    { name: `${prefix}dense-${index}/kernel`, shape: [inputs, outputs], values: kernel },
    { name: `${prefix}dense-${index}/bias`, shape: [outputs], values: bias },
  ]);
}
